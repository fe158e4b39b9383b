/**
 * Does a variable's or a setting's name say that its value is a secret?
 *
 * In doubt the answer is yes: a needlessly masked value costs a look into `.env`, a leaked one costs the secret.
 */

/** Unmistakable wherever they stand in a name, also glued to others (`PGPASSWORD`, `SECRETKEYBASE`). */
const anywhere =
  /PASSWORD|PASSWD|PASSWORT|PASSPHRASE|PASSCODE|SECRET|CREDENTIAL|TOKEN(?!IZ)|WEBHOOK|COOKIE|APIKEY|PRIVATEKEY|MNEMONIC|CONNECTION_?STRING|CONN_?STR|パスワード|暗証|秘密|トークン|鍵/;

/** Secret as whole words only: inside other words they mean nothing (`KEYBOARD`, `AUTHOR`, `SPIN`). */
const wholeWord =
  /^(KEYS?|KEYTAB|PASS|PW|PWD|PSK|LOGIN|AUTH|AUTHORIZATION|BEARER|SESSIONS?|SESSID|DSN|SALTS?|PEPPER|JWT|HMAC|PAT|PIN|OTP|TOTP|SEED|SAS|CREDS?|IDENTITY)$/;

/** Secret at the end of a glued word (`SSHKEY`, `DBPASS`, `OAUTH`, `DBPWD`). */
const wordEnd = /(KEYS?|PASS|PWD?|AUTH)$/;
const innocentWords =
  /^((MON|TUR|DON|HOC|JOC|LAC|WHIS|HOT)KEYS?|BYPASS|COMPASS|ENCOMPASS|TRESPASS|SURPASS|OVERPASS|UNDERPASS|OLDPWD)$/;

/** With one of these beside it, a short number or a switch is a setting (`MAX_TOKENS`, `SESSION_TIMEOUT`). */
const settingWords =
  /^(MAX|MIN|LIMITS?|COUNT|SIZE|LENGTH|BITS|ROUNDS|TTL|TIMEOUT|EXPIRES?|EXPIRY|EXPIRATION|LIFETIME|AGE|INTERVAL|MS|SECONDS|MINUTES|HOURS|DAYS|ENABLED?|DISABLED?|REQUIRED?|SECURE|HTTPONLY|USE|ALLOW|AUTHENTICATION|PROMPTS?|PROTECTED)$/;
const plainSetting = /^(true|false|yes|no|on|off|enabled|disabled|\d{1,9}|\d{1,8}(ms|s|m|h|d))$/i;

/** The last word of what says something about a key or a token, and is none (`TOKEN_TYPE`, `COOKIE_DOMAIN`, `AUTH_URL`). */
const aboutWords =
  /^(URL|URI|ENDPOINT|HOST|PORT|DOMAIN|PROVIDER|TYPE|ALG|ALGORITHM|ISSUER|AUDIENCE|SCOPES?|REALM|STORE|DRIVER|BACKEND|HEADER|PREFIX|NAME|METHOD|STRATEGY|MODE|REGION|SAMESITE)$/;
const aboutValue = /^[\w.@:/?=,*~ -]{1,200}$/;
/** With one of these in the name it may be the secret all the same (`WEBHOOK_URL`, `SECRET_NAME`). */
const neverAbout = /PASS|PWD|SECRET|CREDENTIAL|WEBHOOK|DSN|CONN|PRIVATE|SALT|SEED|PIN\b|MNEMONIC/;

/** A secret's file is where the secret rests, not the secret (`BACKUP_ENCRYPTION_KEY_FILE`). */
const placeWords = /^(FILE|FILES|PATH|DIR|DIRECTORY|FOLDER|SOCK|SOCKET|HOME)$/;
const placeValue = /^(\/|~|\.{1,2}\/|[A-Za-z]:[\\/])[^\s=]*$/;
/** A path from the project's root, as `keys generate` proposes. */
const keyFileName = /^[\w./-]{0,200}\.(key|pem|pub|secret)$/i;

/** Names of what looks random and is public: revisions, digests, identifiers. */
const identifierWords =
  /^(SHA|SHA1|SHA256|COMMIT|REVISION|REV|DIGEST|CHECKSUM|FINGERPRINT|ETAG|HOSTNAME|UUID|GUID|ID|IDS|VERSION)$/;

/** The words of a name, upper case: split at punctuation and at the humps of camelCase. */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** True when a value under this name is taken for a secret. */
export function isSecretName(name: string, value: string): boolean {
  const words = wordsOf(name);
  if (!hasSecretWord(words)) return false;
  // The shell's own working directory.
  if (words.length === 1 && words[0] === 'PWD' && placeValue.test(value)) return false;
  return !isSettingOf(words, value);
}

/** True when the value only sets something about a secret: a limit, a switch, its kind, the place where the secret rests. */
export function isSettingOf(words: string[], value: string): boolean {
  if (words.length > 1 && aboutWords.test(words.at(-1) ?? '') && aboutValue.test(value)) {
    return !neverAbout.test(words.join('_'));
  }
  if (plainSetting.test(value) && words.some((word) => settingWords.test(word))) return !isPassword(words);
  return placeWords.test(words.at(-1) ?? '') && (placeValue.test(value) || keyFileName.test(value));
}

/** True when the word ends like a secret's (`DBPASS`) and is no common word (`COMPASS`). */
export function secretWordEnd(word: string): boolean {
  return wordEnd.test(word) && !innocentWords.test(word);
}

/** True for names of identifiers that look random but are public. */
export function isIdentifierName(name: string): boolean {
  return identifierWords.test(wordsOf(name).at(-1) ?? '');
}

function hasSecretWord(words: string[]): boolean {
  if (anywhere.test(words.join('_'))) return true;
  return words.some((word) => wholeWord.test(word) || secretWordEnd(word));
}

/** A password may well be a number, whatever stands beside it. */
function isPassword(words: string[]): boolean {
  return /PASSWORD|PASSWD|PASSPHRASE|PASSCODE|SECRET/.test(words.at(-1) ?? '');
}
