import { assignmentShape } from './mask-assignments.ts';
import { commandShapes } from './mask-command-shapes.ts';
import type { ShapePattern, ShapeScan } from './mask-shape-pattern.ts';

/** Shapes by which a secret is known wherever it stands. */

const queryNames =
  'sig|signature|code|key|auth|apikey|api[-_]key|pass|pwd|password|passwd|jwt|sid|session(?:id)?|[a-z0-9_.-]{0,40}(?:token|secret|password|passphrase|signature|credential|api[-_]?key|access[-_]?key)';

/** How the names of elements and attributes end whose content is a secret. */
const elementNames =
  'pass(?:word|wd|phrase|code)|pwd|secret|token|credentials?|api[-_.]?key|(?:access|secret|private|account)[-_.]?key';

/** In the order in which they are looked for: a larger thing before what it may contain. */
export const secretShapes: readonly (ShapePattern | ShapeScan)[] = [
  // A block whose end is missing is masked to the end of the text.
  {
    shape: 'pem',
    pattern: /-{2,5}BEGIN (?!CERTIFICATE)[A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/dg,
  },
  // Without the dashes, as a reader of options leaves it.
  {
    shape: 'pem',
    pattern: /\bBEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?(?:\\[nr]|\s){1,4}[\w+/=]{16}[\s\S]*$/dg,
  },
  // A parser that quotes what it could not read.
  {
    shape: 'assignment',
    pattern: /(?<=\bUnexpected [^\n]{1,60}, (?:\.\.\.)?")(?<secret>[\s\S]{1,200}?)(?="(?:\.\.\.)? is not valid JSON)/dg,
  },
  { shape: 'pem', pattern: /PuTTY-User-Key-File-\d[\s\S]*$/dg },
  { shape: 'token', pattern: /\bAGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]+)-1?[0-9A-Z]{16,}/dgi },

  ...commandShapes,

  // <password>…</password>, <db.apiKey kind="x">…</db.apiKey>, <add key="DbPassword" value="…"/>. What has no end tag is a
  // placeholder, as in `--password <password>`.
  {
    shape: 'assignment',
    pattern: new RegExp(
      `<(?:[\\w.-]{1,40}:)?[\\w.-]{0,60}(?:${elementNames})(?:\\s[^<>]{0,300})?>\\s*(?:<!\\[CDATA\\[(?<secret>[\\s\\S]{1,10000}?)\\]\\]>|(?<secret2>[^<\\s][^<]{0,10000}))(?=\\s*<\\/)`,
      'dgi',
    ),
  },
  {
    shape: 'assignment',
    pattern: new RegExp(
      `\\b(?:key|name|id)=["'][\\w.:-]{0,60}(?:${elementNames})["']\\s{1,20}value=(?:"(?<secret>[^"]+)"|'(?<secret2>[^']+)')`,
      'dgi',
    ),
  },

  // Headers. A cookie's value is one secret with its neighbours; the word that follows "Authorization: Basic" always is one.
  {
    shape: 'token',
    pattern:
      /\b(?:proxy-)?authorization["']?\s{0,5}[:=]\s{0,5}["']?(?:basic|bearer|negotiate)\s{1,5}(?<secret>[^\s"',;]{4,})/dgi,
  },
  {
    shape: 'token',
    pattern:
      /\b(?:proxy-)?authorization["']?\s{0,5}[:=]\s{0,5}["']?(?:[a-z][\w-]{0,20}\s{1,5})?(?<secret>(?=[^\s"',;]{0,200}\d)[^\s"',;]{8,})/dgi,
  },
  {
    shape: 'token',
    pattern:
      /\b(?:set-)?cookie["']?\s{0,5}[:=]\s{0,5}["']?(?<secret>[^\s=;,"']{1,80}=[^\s;"']+(?:;\s{0,5}[^\s=;,"']{1,80}(?:=[^\s;"']*)?)*)/dgi,
  },
  {
    shape: 'token',
    pattern:
      /(?<=^|[\s;,"'([{?&])(?:[\w.-]{0,40}sess(?:ion)?(?:[-_.]?(?:id|key|cookie))?|(?:connect\.)?sid|remember[-_]?me)=(?<secret>(?=[^\s;,&"'<>]{0,15}\d|[^\s;,&"'<>]{16})[^\s;,&"'<>]{6,})/dgi,
  },

  // scheme://user:password@host; the password may hold any sign that is not white space. A port is no password. One slash is
  // what remains where an address was taken for a path.
  {
    shape: 'url',
    pattern:
      /\b[a-z][a-z0-9+.-]{0,30}:\/{1,2}(?<secret>[^\s/?#@:"'<>]*:(?!\d{1,5}(?:[/?#\s"'<>]|$))[^\s"'<>]{0,1000})@/dgi,
  },
  // scheme://token@host. `git@` is everybody's user name.
  { shape: 'url', pattern: /\b[a-z][a-z0-9+.-]{0,30}:\/\/(?!git@)(?<secret>[^\s/?#@"'<>]+)@/dgi },
  // user:password@host and user:password@tcp(host:port), as database drivers take them.
  { shape: 'url', pattern: /(?<=^|[\s"'=(])(?<secret>[\w.%+-]+:(?!\/\/)[^\s@"'<>:/]+)@[\w.-]*[\w(:[]/dg },
  { shape: 'url', pattern: /\bjdbc:oracle:\w+:(?<secret>[^\s/@]+\/[^\s@]+)@/dgi },
  { shape: 'url', pattern: new RegExp(`[?&#](?:${queryNames})=(?<secret>[^&#\\s"'<>;]+)`, 'dgi') },
  // Addresses that are a secret by themselves: whoever has them may post.
  {
    shape: 'url',
    pattern:
      /\b(?:hooks\.slack\.com|hooks\.slack-gov\.com)\/(?<secret>[^\s"'<>]+)|\b(?:discord|discordapp)\.com\/api\/(?:v\d+\/)?webhooks\/(?<secret2>[^\s"'<>]+)/dgi,
  },
  {
    shape: 'url',
    pattern:
      /\b(?:[\w-]{1,60}\.webhook\.office\.com|outlook\.office(?:365)?\.com\/webhook|hooks\.zapier\.com|maker\.ifttt\.com|hc-ping\.com|webhook\.site|api\.telegram\.org)\/(?<secret>[^\s"'<>]+)/dgi,
  },
  { shape: 'url', pattern: /:\/\/[^\s"'<>?#]{0,300}\/(?:web)?hooks?\/(?<secret>[^\s"'<>]{4,})/dgi },

  // A word that follows ("Basic authentication") is none: a token has a digit, padding or a hump in it.
  {
    shape: 'token',
    pattern: /\b(?:[Bb]earer|[Bb]asic|BEARER|BASIC)\s+(?<secret>(?=\S*[\d=]|\S*[a-z][A-Z])[\w+/=.~-]{8,})/dg,
  },
  assignmentShape,

  { shape: 'token', pattern: /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*/dg }, // JWT, JWE
  { shape: 'token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,})/dg },
  { shape: 'token', pattern: /\bgl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas)-[\w.-]{16,}/dg }, // GitLab
  { shape: 'token', pattern: /\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA)[A-Z0-9]{12,}\b/dg }, // AWS
  { shape: 'token', pattern: /\bxox[a-z](?:-[\w.]+)+|\bxapp-\d-[\w-]+/dgi }, // Slack
  { shape: 'token', pattern: /\b(?:sk|pk|rk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9+/=]{16,}/dg }, // Stripe, Clerk
  { shape: 'token', pattern: /\bsk-[\w-]{16,}/dg }, // language models
  { shape: 'token', pattern: /\bAIza[\w-]{30,}|\bya29\.[\w-]{16,}|\bGOCSPX-[\w-]{16,}|\b1\/\/0[\w-]{20,}/dg }, // Google
  {
    shape: 'token',
    pattern: /\bnpm_[A-Za-z0-9]{20,}|\bpypi-[\w-]{16,}|\brubygems_[0-9a-f]{16,}|\bcio[A-Za-z0-9]{32}\b/dg,
  },
  { shape: 'token', pattern: /\bSG\.[\w-]{10,}\.[\w-]{10,}|\bkey-[0-9a-f]{32}\b/dg }, // SendGrid, Mailgun
  { shape: 'token', pattern: /\b(?:SK|AC)[0-9a-f]{32}\b/dg }, // Twilio
  { shape: 'token', pattern: /\b\d{8,10}:[A-Za-z0-9_-]{34,36}(?![\w-])/dg }, // Telegram bot
  { shape: 'token', pattern: /\b[MNO][A-Za-z\d_-]{22,27}\.[\w-]{6}\.[\w-]{27,}/dg }, // Discord bot
  {
    shape: 'token',
    pattern: /\bhf_[A-Za-z0-9]{16,}|\bgsk_[A-Za-z0-9]{16,}|\bpplx-[A-Za-z0-9]{16,}|\br8_[A-Za-z0-9]{16,}/dg,
  },
  { shape: 'token', pattern: /\bdop_v1_[0-9a-f]{16,}|\bdapi[0-9a-f]{32}|\bshp(?:at|ca|pa|ss)_[0-9a-f]{16,}/dg },
  { shape: 'token', pattern: /\bhv[sbr]\.[\w-]{16,}|\batlasv1\.[\w-]{16,}|\b[\w-]{14}\.atlasv1\.[\w-]{16,}/dg }, // HashiCorp
  {
    shape: 'token',
    pattern: /\bntn_[A-Za-z0-9]{16,}|\bsecret_[A-Za-z0-9]{16,}|\blin_api_[A-Za-z0-9]{16,}|\bfigd_[\w-]{16,}/dg,
  },
  { shape: 'token', pattern: /\bglsa_\w{16,}|\bsntry[su]_[\w=+/-]{16,}|\bdckr_pat_[\w-]{16,}|\bEAA[A-Za-z0-9]{30,}/dg },
];
