import type { ShapePattern } from './mask-shape-pattern.ts';

/**
 * Secrets in command lines, as a shell or a list of arguments (`['-u', 'app:hunter2']`) writes them. `-p` and the like mean a
 * password to some programs only: they count behind such a program's name, or behind a user's name, on the same line.
 */

/** A value: quoted, or up to the next white space or quote. A placeholder such as `<password>` is none. */
const value = String.raw`(?!<[\w -]+>)(?:"(?<secret>[^"\n]+)"|'(?<secret2>[^'\n]+)'|(?<secret3>[^\s"',][^\s"']*))`;

/** What stands between an option and its value: white space, `=`, or `", "` in a list. */
const gap = String.raw`(?:["']\s{0,5},\s{0,5}(?=["'])|\s{1,5}|=)`;

/** The part of a command line before an option. */
const before = (programs: string, option: string): string =>
  String.raw`(?<=(?:^|[\s/"'(])(?:${programs})(?:["'\s][^\n|;&]{0,500})?[\s"'](?:${option}))`;

/** Programs that take the password glued to `-p`; a lone `-p` makes them ask for it. */
const gluedPassword = String.raw`mysql\w{0,20}|mariadb[\w-]{0,20}|mycli|7z[arz]?`;

export const commandShapes: readonly ShapePattern[] = [
  // `-u user:password`. User and group numbers, and the format of `date -u`, are none.
  {
    shape: 'assignment',
    pattern: new RegExp(
      String.raw`(?<=(?:^|[\s"'[(,])-(?:[uU]|-user|-proxy-user|-auth)${gap}["']?(?!\[masked:)(?!\d{1,7}:\d{1,7}(?:[\s"']|$))[^\s:"'+/][^\s:"'/]{0,80}:)(?!\/\/)(?<secret>[^\s"']+)`,
      'dg',
    ),
  },
  {
    shape: 'assignment',
    pattern: new RegExp(`${before('curl', '-u')}[^\\s:"'-][^\\s:"']{0,80}:(?!\\/\\/)(?<secret>[^\\s"']+)`, 'dg'),
  },

  { shape: 'assignment', pattern: new RegExp(`${before(gluedPassword, '-p')}${value}`, 'dg') },
  {
    shape: 'assignment',
    pattern: new RegExp(
      String.raw`(?<=(?:^|[\s"'])-u(?:${gap})?["']?[\w.@%+-]{1,80}["']?[\s,]{1,5}["']?-p)${value}`,
      'dg',
    ),
  },
  {
    shape: 'assignment',
    pattern: new RegExp(
      String.raw`${before(String.raw`sshpass|mongo\w{0,20}|(?:docker|podman|nerdctl)\s+login`, '-p')}${gap}?${value}`,
      'dg',
    ),
  },
  { shape: 'assignment', pattern: new RegExp(`${before('zip|unzip|sqlcmd|osql|bcp', '-P')}${gap}?${value}`, 'dg') },
  { shape: 'assignment', pattern: new RegExp(`${before('redis-cli', '-a')}${gap}${value}`, 'dg') },
  { shape: 'assignment', pattern: new RegExp(`${before(String.raw`ldap\w{1,20}`, '-w')}${gap}${value}`, 'dg') },

  // `smbclient -U user%password`.
  {
    shape: 'assignment',
    pattern: new RegExp(
      String.raw`(?<=(?:^|[\s"'[(,])-(?:U|-user)(?:${gap})?["']?[\w.@\\/+-]{1,80}%)(?<secret>[^\s"']+)`,
      'dg',
    ),
  },
  // `lftp -u user,password`, `sqlplus user/password@db`, `rabbitmqctl add_user user password`, `net use x: /user:a password`.
  {
    shape: 'assignment',
    pattern: new RegExp(
      String.raw`${before('lftp|curlftpfs', '-u')}${gap}?["']?[^\s,"']{1,80},(?<secret>[^\s"']+)`,
      'dg',
    ),
  },
  {
    shape: 'assignment',
    pattern:
      /(?<=(?:^|[\s/"'(])(?:sqlplus|sqlldr|expdp|impdp|rman)\s(?:[^\n|;&]{0,200}\s)?["']?[\w$#]{1,80}\/)(?<secret>[^\s/@"']+)(?=[@\s"']|$)/dg,
  },
  {
    shape: 'assignment',
    pattern:
      /(?<=\b(?:add_user|change_password|authenticate_user)\s{1,5}[^\s"'-]{1,80}\s{1,5})(?<secret>[^\s"'-][^\s"']*)/dg,
  },
  {
    shape: 'assignment',
    pattern: /(?<=\bnet\s{1,5}use\s[^\n]{0,200}\/user:[^\s"']{1,80}\s{1,5})(?<secret>[^\s"'/]+)/dgi,
  },
  { shape: 'assignment', pattern: new RegExp(`${before('openssl', '-[kK]')}${gap}${value}`, 'dg') },

  // SQL: `CREATE USER a IDENTIFIED BY 'x'`, `ALTER ROLE a WITH PASSWORD 'x'`.
  {
    shape: 'assignment',
    pattern:
      /(?<=\b(?:identified\s{1,5}(?:with\s{1,5}[\w"']{1,40}\s{1,5})?by|password)\s{1,5})(?:'(?<secret>[^'\n]+)'|"(?<secret2>[^"\n]+)")/dgi,
  },

  // A whole text that is a well-known account and its password. `admin:org` is a scope, `user:1000` a pair of numbers.
  {
    shape: 'assignment',
    pattern:
      /^(?:user(?:name)?|admin(?:istrator)?|root|guest|sa|login|test|demo|elastic):(?!\/|v?\d+(?:[.-]|$))(?=\S{0,200}[a-z])(?=\S{0,200}[\d!$%^*#@&])(?<secret>\S{6,})$/dgi,
  },
];
