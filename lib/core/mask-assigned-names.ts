import { isPlainPath } from './mask-entropy.ts';
import { isSettingOf, secretWordEnd, wordsOf } from './mask-names.ts';

/**
 * Does a name in a text (`-Ddb.password=x`, `X-Api-Key: x`, `"dbPass": "x"`) say that what follows it is a secret? Text
 * holds more innocent names than an environment does: `key`, `session` and the like count only beside another word.
 */

const anywhere =
  /PASSWORD|PASSWD|PASSWORT|PASSPHRASE|PASSCODE|SECRET(?!AR[YI])|CREDENTIAL|TOKEN(?!I[ZS])|MNEMONIC|CONNECTIONSTRING|SHAREDACCESSSIGNATURE/;

/** Keys that open something. `KEYED` and `KEYSTORE` are none. */
const openingKey =
  /(?:API|APP|ACCESS|ACCOUNT|PRIVATE|SECRET|SIGNING|SHARED|ENCRYPTION|DECRYPTION|MASTER|AUTH|LICENSE|DEPLOY|SERVICE|STORAGE|CLIENT|CONSUMER|SUBSCRIPTION|FUNCTIONS|CIPHER|HMAC|JWT)(?:ACCESS)?KEY(?!STORE|ED|BOARD)/;

const wholeWord = /^(?:PW|PWD|PSW|PASS|PASSWDS|CREDS?|JWT|PSK)\d{0,4}$/;
const japanese = /(?:パスワード|パスフレーズ|暗証番号|トークン|秘密鍵|APIキー)$/;

/** Secrets in the name of a variable, in capitals; in other texts they are ordinary words. */
const variableWord =
  /^(?:COOKIE|WEBHOOK|DSN|SEED|PAT|PIN|SALT|PEPPER|MNEMONIC|KEYTAB|T?OTP|SAS|SESSION|SESSID|HMAC|BEARER|AUTHORIZATION)$/;

/** Columns of a table and halves of a pair of keys. */
const innocentKeys = /^(?:PRIMARY|FOREIGN|PARTITION|SORT|ORDER|CACHE|PUBLIC|INDEX|UNIQUE|HOST)$/;
const innocentAfterPass = /^(?:THROUGH|THRU|COUNT|RATE|RATIO|LIMIT|NUMBER)$/;

/** In characters: no path is longer. */
const longestInnocent = 4096;

/** A quick look, for texts with many names. */
const hint =
  /pass|pw|psw|secret|credential|creds|token|key|auth|jwt|psk|connection|signature|MNEMONIC|COOKIE|WEBHOOK|DSN|SEED|PAT|PIN|SALT|PEPPER|OTP|SAS|SESS|[^\p{ASCII}]/iu;

/** What `auth` may be set to without saying a secret. */
const authScheme =
  /^(?:none|basic|digest|bearer|ntlm|negotiate|kerberos|oidc|oauth2?|saml|ldap|jwt|plain|login|required|optional|yes|no|on|off)$/i;
const noValue = /^(?:true|false|null|undefined|\$\{\w+\}?|<[\w -]+>)$/;
/** What help texts write where a value belongs. */
const placeholder = /^(?:FILE|PATH|NAME|KEY|VALUE|TEXT|DIR)[.,;]?$/;
const path = /^(?:\/|~|\.{1,2}\/|[A-Za-z]:[\\/])[^\s=]*$/;

/** The words of a name under which a value is a secret, or undefined. `written` may have option dashes before it. */
export function secretNameWords(written: string): string[] | undefined {
  if (!hint.test(written)) return undefined;
  const name = written.normalize('NFKC');
  const words = wordsOf(name.replace(/^-D(?=[a-z])/, ''));
  const joined = words.join('');
  const isSecret =
    words.at(-1) === 'AUTH' || japanese.test(joined) || namesSecret(words, joined) || namesKeyVariable(name, words);
  return isSecret && words.at(-1) !== 'HELPER' ? words : undefined;
}

/** True for what is no secret even under such a name: no value, a placeholder, a setting, a count, a path. */
export function isInnocentValue(words: string[], value: string): boolean {
  if (value.length > longestInnocent) return false;
  if (noValue.test(value) || placeholder.test(value) || isSettingOf(words, value)) return true;
  const joined = words.join('');
  if (japanese.test(joined)) return !/^[\x21-\x7e]/.test(value);
  if (words.at(-1) === 'AUTH') return authScheme.test(value);
  if (words.at(-1) === 'TOKENS') return /^\d+$/.test(value);
  // A key is named by its file as often as not: `--private-key /etc/ssl/site.key`.
  if (/KEY$/.test(words.at(-1) ?? '') && isPlainPath(value)) return true;
  // The working directories of a shell.
  return /^(?:OLD)?PWD$/.test(joined) && path.test(value);
}

/** True when the name ends in a secret's word, so that what follows it after a space is the secret: `--db-password x`. */
export function endsInSecretWord(name: string): boolean {
  if (!hint.test(name)) return false;
  const words = wordsOf(name);
  // `--no-password` and `--ask-pass` have no value.
  if (/^(?:NO|ASK|PROMPT|WITHOUT|SKIP)$/.test(words[0] ?? '')) return false;
  const last = words.at(-1) ?? '';
  if (/KEYS?\d{0,4}$/.test(last)) return openingKey.test(words.slice(-3).join(''));
  return (
    /(?:PASSWORD|PASSWD|PASSPHRASE|PASSCODE|SECRET|TOKEN|CREDENTIALS?|APIKEY)\d{0,4}$/.test(last) ||
    last === 'AUTH' ||
    isPassWord(last)
  );
}

function namesSecret(words: string[], joined: string): boolean {
  if (anywhere.test(joined) || openingKey.test(joined)) return true;
  return words.some((word, at) => isPassWord(word) && !innocentAfterPass.test(words[at + 1] ?? ''));
}

/** `STRIPE_KEY`: a variable in capitals. */
function namesKeyVariable(name: string, words: string[]): boolean {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) return false;
  if (name.endsWith('_KEY') || /^[A-Z]+KEY$/.test(name))
    return !innocentKeys.test(words.at(-2) ?? '') && secretWordEnd(words.at(-1) ?? '');
  return words.some((word) => variableWord.test(word));
}

function isPassWord(word: string): boolean {
  return wholeWord.test(word) || (/(?:PASS|PWD)\d{0,4}$/.test(word) && secretWordEnd(word.replace(/\d+$/, '')));
}
