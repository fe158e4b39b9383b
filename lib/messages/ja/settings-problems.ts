import { fixedPhrases, sayPhrase, type PhraseRule } from './phrases.ts';

const fields = 'days, count, hourly, daily, weekly, monthly and yearly';

/** What a setting is to be. */
const expectations: PhraseRule[] = [
  ...fixedPhrases({
    'true or false': 'true または false',
    'a path or glob below the project root, not absolute and without ".."':
      'プロジェクトのルートより下のパスまたはグロブ（絶対パスや「..」は不可）',
    'true or false without quotes, or a path': '引用符のない true または false、あるいはパス',
    'a list of at least one path': '一つ以上のパスのリスト',
    'a path or a list of paths': 'パス、またはパスのリスト',
    'a path, a list of paths, or an object with paths, exclude, groups and enabled':
      'パス、パスのリスト、または paths・exclude・groups・enabled を持つオブジェクト',
    'paths or groups in it: only the default targets have sources of their own':
      'paths または groups（自分のソースを持つのは既定の対象だけです）',
    'at least one target that is on': '有効な対象が一つ以上',
    'a target that is on; this one is switched off': '有効な対象（これは無効になっています）',
    'a gitignore-like pattern such as "*.tmp"': '"*.tmp" のような gitignore 形式のパターン',
    'a list of gitignore-like patterns': 'gitignore 形式のパターンのリスト',
    'a list of key files': '鍵ファイルのリスト',
    'the path of a key file': '鍵ファイルのパス',
    'an IANA time zone such as "Asia/Tokyo" or "UTC"': '"Asia/Tokyo" や "UTC" のような IANA タイムゾーン',
    'a cron expression such as "0 2 * * *"': '"0 2 * * *" のような cron 式',
    'a cron expression such as "0 2 * * *" (minute, hour, day, month, weekday)':
      '"0 2 * * *" のような cron 式（分・時・日・月・曜日）',
    'a cron expression, or an object with cron, mode, targets and timezone':
      'cron 式、または cron・mode・targets・timezone を持つオブジェクト',
    'a cron expression, or an object of named schedules': 'cron 式、または名前付きスケジュールのオブジェクト',
    'a folder of its own, not the project root itself': 'プロジェクトのルートとは別のフォルダ',
    'a folder below the project root, an absolute one, or "~/…" with HOME set in the environment':
      'プロジェクトのルートより下のフォルダ、絶対パス、または HOME が設定されているときの "~/…"',
    'a file name without folders that does not begin with a dot': 'フォルダを含まず、ドットで始まらないファイル名',
    'a name with {id}, or with {date} and {time}, so that no two backups share it':
      '{id}、または {date} と {time} を含む名前（二つのバックアップが同じ名前にならないように）',
    'an object of settings': '設定のオブジェクト',
    'an object of target names': '対象名のオブジェクト',
    'an object of group names and paths': 'グループ名とパスのオブジェクト',
    'an object with path, compression, format and others': 'path・compression・format などを持つオブジェクト',
    'an object with enabled and maxIncrementals': 'enabled と maxIncrementals を持つオブジェクト',
    [`a number of days, or an object with ${fields}`]: '日数、または days・count・hourly などを持つオブジェクト',
    [`a number of days of 1 or more, or an object with ${fields}`]:
      '1 以上の日数、または days・count・hourly などを持つオブジェクト',
    'a variable such as ${NAME} or ${NAME:-default}; write $${ for ${ itself':
      '${NAME} や ${NAME:-既定値} のような変数（${ そのものは $${ と書きます）',
    "the secret, better as '${BACKUP_ENCRYPTION_KEY}'": "秘密の値（'${BACKUP_ENCRYPTION_KEY}' と書くことを勧めます）",
    'a settings file that is a JSON object': 'JSON オブジェクトの設定ファイル',
    'a dotted key such as storage.path=./backups': 'storage.path=./backups のような、ドット区切りのキー',
    'something else': '別の値',
    '1 to 200 printable characters': '1〜200 文字の印字可能な文字',
    'a date such as 2026-11-20, or a date and time such as 2026-11-20T03:00:00Z':
      '2026-11-20 のような日付、または 2026-11-20T03:00:00Z のような日時',
    'no base for a full backup; --mode incremental or differential builds on one':
      'full では基のバックアップなし（基にするには --mode incremental または differential）',
    'no --output with a plain tree, whose files rest in the store: give --format tar or zip with it':
      'そのままのファイル（directory）では --output なし（--format tar または zip と組み合わせてください）',
    'a path where no file is yet: an archive never takes the place of another file':
      'まだファイルのないパス（既存のファイルを置き換えることはありません）',
    'a path in a folder that exists': '存在するフォルダの中のパス',
    'a file name that does not begin with a dot': 'ドットで始まらないファイル名',
    'the store itself, or a folder outside of it': '保存先そのもの、またはその外のフォルダ',
  }),
  [/^a whole number of (\d+) or more$/, (least) => `${least} 以上の整数`],
  [
    /^a whole number (?:of )?(days|hours|weeks|months|years),? (?:of )?(\d+) or more$/,
    (_, least) => `${least} 以上の整数`,
  ],
  [/^a whole number (?:of \w+ )?from (\d+) to (\d+)$/, (least, most) => `${least} から ${most} までの整数`],
  [
    /^a whole number from (\d+) to (\d+), which is what (\w+) has$/,
    (least, most, codec) => `${least} から ${most} までの整数（${codec} の範囲）`,
  ],
  [
    /^a whole number from (\d+) to (\d+) for (\w+)$/,
    (least, most, codec) => `${codec} では ${least} から ${most} までの整数`,
  ],
  [
    /^a place that no target takes in \(this one is in (.+)\)$/,
    (target) => `どのターゲットにも含まれない場所（この場所は ${target} に含まれます）`,
  ],
  [
    /^an ending that fits what is asked for: (\w+), (\w+)$/,
    (format, codec) => `指定した形式（${format}、${codec}）に合う拡張子`,
  ],
  [/^a number of seconds, such as (\d+)$/, (example) => `${example} のような秒数`],
  [/^a whole number of days of (\d+) or more$/, (least) => `${least} 以上の日数`],
  [
    /^an octal text such as "(\d+)" that lets the owner in$/,
    (example) => `所有者が使える "${example}" のような 8 進数の文字列`,
  ],
  [/^a name of letters, digits, "-" and "_"(?: as the (\w+)'s name)?$/, '文字・数字・"-"・"_" からなる名前'],
  [/^a target's name \((.+)\)$/, (names) => `対象の名前（${names}）`],
  [
    /^only \{id\}, \{date\}, \{time\} and \{name\} in braces, not \{(.*)\}$/,
    (found) => `波括弧の中は {id}・{date}・{time}・{name} だけ（{${found}} は不可）`,
  ],
  [
    /^the environment variable (\S+) to be set, here or in \.env, or a default as in (.+)$/,
    (name, example) => `環境変数 ${name} の設定（ここか .env）、または ${example} のような既定値`,
  ],
  [/^((?:"[^"]+", )+"[^"]+") or ("[^"]+")$/, (all = '', last) => `${all.replaceAll(', ', '、')}、${last} のいずれか`],
  [
    /^("[^"]+") or ("[^"]+"), because (\S+) is (.+)$/,
    (a, b, key, value) => `${a} または ${b}（${key} が ${value} のため）`,
  ],
  [/^("[^"]+") or ("[^"]+")$/, (a, b) => `${a} または ${b}`],
  [
    /^"directory", because storage\.compress is false; .*$/,
    '"directory"（storage.compress が false のため。圧縮なしのアーカイブには compress を true、compression を "none" に）',
  ],
  [/^"local"; copies off this machine .*$/, '"local"（このバージョンは他のマシンへのコピーに対応していません）'],
  [/^the same as mode \((.+)\), or only one of the two$/, (mode) => `mode と同じ値（${mode}）、またはどちらか一方だけ`],
  [/^a key that this file's flat form has: (.+)$/, (keys) => `このファイルの形式にあるキー: ${keys}`],
];

const keyProblems = fixedPhrases({
  'no such key': 'そのようなキーはありません',
  'the key stands twice, and only one of the two can hold': '同じキーが二つあり、有効になるのは一つだけです',
  'copies off this machine are not available in this version': 'このバージョンは他のマシンへのコピーに対応していません',
  'notifications are not available in this version': 'このバージョンは通知に対応していません',
  'retention by target is not available in this version; all targets of a backup are kept alike':
    'このバージョンは対象ごとの保持期間に対応していません。すべての対象が同じ期間だけ保持されます',
  'retention by schedule is not available in this version; backup.retention holds for all':
    'このバージョンはスケジュールごとの保持期間に対応していません。backup.retention がすべてに適用されます',
});

const foundWords = fixedPhrases({
  nothing: 'なし',
  'an empty list': '空のリスト',
  'a list': 'リスト',
  'a text': '文字列',
  'an object': 'オブジェクト',
});

const syntaxReasons = fixedPhrases({
  'a word that is not quoted, or is none of true, false and null':
    '引用符のない語、または true・false・null 以外の語があります',
  'not a number': '数値ではありません',
  'a key in double quotes is expected': '二重引用符で囲んだキーが必要です',
  'a value is expected': '値が必要です',
  'a colon is expected': 'コロンが必要です',
  'a comma is expected': 'カンマが必要です',
  'a closing brace is expected': '閉じ波括弧が必要です',
  'a closing bracket is expected': '閉じ角括弧が必要です',
  'there is more behind the last closing brace': '最後の閉じ波括弧の後に余分なものがあります',
  'a comment that does not end': 'コメントが閉じられていません',
  'a text that does not end on its line': '文字列がその行で閉じられていません',
  'a number that does not end': '数値が途中で終わっています',
  'a \\u without four hex digits': '\\u の後に 4 桁の 16 進数がありません',
  'a backslash before a character that needs none; write \\\\ for a backslash':
    '不要なバックスラッシュがあります。バックスラッシュ自体は \\\\ と書きます',
  'a control character': '制御文字があります',
  'it is empty': '空です',
});

/** What an option or a setting is to be, in Japanese. */
export const expectation = (text: string): string => sayPhrase(text, expectations) ?? text;

export const syntaxReason = (text: string): string => sayPhrase(text, syntaxReasons) ?? text;

/** One finished sentence of `config/settings-problem.ts` in Japanese, with or without its line. */
export function settingsProblem(sentence: string): string {
  const placed = /^(.+?) \(line (\d+)\): (.+)$/s.exec(sentence) ?? /^([^\s:]+)(): (.+)$/s.exec(sentence);
  if (placed === null) return sentence;
  const [, key = '', line = '', rest = ''] = placed;
  const parts = /^(.+?)(?:; did you mean (".*")\?|; expected one of (.+))?\.?$/s.exec(rest);
  if (parts === null) return sentence;
  const [, what = '', nearest, known] = parts;
  const tail =
    nearest === undefined ? (known === undefined ? '' : `。使えるキー: ${known}`) : `。${nearest} のことですか？`;
  return `${key}${line === '' ? '' : `（${line} 行目）`}: ${said(what)}${tail}`;
}

function said(what: string): string {
  const value = /^found (.+?), expected (.+)$/s.exec(what);
  if (value !== null) {
    return `値は ${foundWord(value[1] ?? '')} ですが、必要なのは${expectation(value[2] ?? '')}です`;
  }
  const key = /^(.+?)(?: \(found (.+)\))?$/s.exec(what);
  const found = key?.[2] === undefined ? '' : `（値: ${foundWord(key[2])}）`;
  return `${sayPhrase(key?.[1] ?? what, keyProblems) ?? what}${found}`;
}

const foundWord = (text: string): string => sayPhrase(text, foundWords) ?? text;
