import { fixedPhrases, sayPhrase, type PhraseRule } from './phrases.ts';

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'ファイルまたはフォルダがありません',
  EACCES: '権限がありません',
  EPERM: '許可されていない操作です',
  EROFS: 'ファイルシステムが読み取り専用です',
  ENOSPC: '空き容量がありません',
  EDQUOT: '割り当て容量を超えました',
  EISDIR: 'フォルダです',
  ENOTDIR: 'フォルダではありません',
  EEXIST: 'すでに存在します',
  EFBIG: 'ファイルが大きすぎます',
  EIO: '入出力エラーです',
  EMFILE: '開いているファイルが多すぎます',
  ENAMETOOLONG: '名前が長すぎます',
  ELOOP: 'リンクが循環しています',
  EBUSY: '使用中です',
  EXDEV: '別のファイルシステムです',
};

const operations = fixedPhrases({
  'opening the store': '保存先を開く',
  'taking its lock': 'ロックを取得する',
  'working in it': '保存先での処理',
  'writing the backup': 'バックアップの書き込み',
  'writing the zip': 'zip の書き込み',
  'writing the archive': 'アーカイブの書き込み',
  'removing the backup': 'バックアップの削除',
  'finishing the removal of a backup': 'バックアップの削除の仕上げ',
  'restoring into it': '復元',
  'putting it in its place': '所定の場所への配置',
  unpacking: '展開',
  'copying a database': 'データベースのコピー',
  'checking its databases': 'データベースの検査',
  'changing the settings': '設定の変更',
  'writing the settings': '設定の書き込み',
});

const kinds = fixedPhrases({ folder: 'フォルダ', link: 'リンク', file: 'ファイル', 'special file': '特殊ファイル' });

const places = fixedPhrases({
  'it is a file': 'フォルダではなくファイルです',
  'it is a folder': 'ファイルではなくフォルダです',
  'it is empty': '空です',
  'it is missing': '存在しません',
  'there is no such file': 'そのファイルはありません',
  'it stayed locked': 'ロックされたままです',
  'something else made it, and it has no manifest to compare':
    '他のツールが作成したもので、比較できるマニフェストがありません',
  'something else made it, and it builds on nothing that is known here':
    '他のツールが作成したもので、基になるバックアップが分かりません',
  'this toolkit did not make it': 'このツールで作成されたものではありません',
  'only a tar can be built on, and this is a plain tree or a zip':
    '基にできるのは tar だけで、これはそのままのファイルか zip です',
  'a plain tree builds on a plain tree only, and this is an archive':
    'そのままのファイルの基にできるのはそのままのファイルだけで、これはアーカイブです',
  'there is a file already': 'すでにファイルがあります',
  'permission denied': '読み取る権限がありません',
  'another run holds the lock of the store': '別の実行が保存先を使用中です',
  'it is not UTF-8 text': 'UTF-8 のテキストではありません',
  'it is not an object': 'オブジェクトではありません',
  '"scripts" is not an object': '"scripts" がオブジェクトではありません',
  'it has no metadata.json': 'metadata.json がありません',
  'it is a folder without metadata.json': 'metadata.json のないフォルダです',
  'manifest.jsonl.gz is missing': 'manifest.jsonl.gz がありません',
  'a plain tree without its folder': 'そのままのファイルの入ったフォルダがありません',
  'its metadata names no archive': 'metadata.json にアーカイブの名前がありません',
  'its metadata names no place of the manifest': 'metadata.json にマニフェストの位置がありません',
});

const unsafe = fixedPhrases({
  'empty name': '名前が空です',
  'NUL in the name': '名前に NUL が含まれています',
  'absolute path': '絶対パスです',
  'absolute Windows path': 'Windows の絶対パスです',
  '".." in the path': 'パスに「..」が含まれています',
  'empty component in the path': 'パスに空の部分があります',
  'it lies behind a link': 'リンクの先にあります',
  'a file stands in the place of a folder': 'フォルダのあるべき場所にファイルがあります',
  'it is there twice, as file and as folder': 'ファイルとしてもフォルダとしても存在します',
  'an archive is named by its name only': 'アーカイブは名前だけで指定されなければなりません',
  'a link without a target': '行き先のないリンクです',
  'NUL in the link': 'リンクに NUL が含まれています',
  'a link and something else under one name': '同じ名前のリンクと別のものがあります',
  'two names that differ only in case or Unicode form': '大文字・小文字や Unicode の形だけが異なる名前があります',
  'two entries of one name': '同じ名前の項目が二つあります',
});

const damage = fixedPhrases({
  'it is cut off': '途中で切れています',
  'it is cut short': '途中で切れています',
  'its targets are not those of its header': '対象がヘッダーのものと異なります',
  'the archive is cut short': 'アーカイブが途中で切れています',
  'it is cut off: its end mark is missing': '途中で切れていて、終わりの印がありません',
  'its last line is cut short': '最後の行が途中で切れています',
  'a line has no end': '終わりのない行があります',
  'it goes on after its end': '終わりの後に続きがあります',
  'it has two headers': 'ヘッダーが二つあります',
  'it does not begin with a header': 'ヘッダーで始まっていません',
  'it does not have the checksum that metadata.json names': 'チェックサムが metadata.json の値と一致しません',
  "its SHA-256 is not the manifest's": 'SHA-256 がマニフェストの値と一致しません',
  'its SHA-256 differs': 'SHA-256 が異なります',
  'the zip does not hold it': 'zip の中にありません',
  'the link says something else': 'リンクの指す先が異なります',
  'the manifest names no place for it': 'マニフェストに位置の記録がありません',
  'the archive holds none where its metadata says': 'metadata.json の示す位置にありません',
  'what was read back after the restore differs': '復元後に読み戻した内容が異なります',
  'not one entry is readable': '読める項目は一つもありません',
  'something that is not compressed follows its compressed bytes': '圧縮データの後に別のデータが続いています',
  'its entries claim more bytes than it has': '項目のサイズの合計が実際より大きくなっています',
  'its bytes are those of no archive that is known here': '知られているアーカイブの形式ではありません',
  'it is one volume of several': '分割されたアーカイブの一部です',
  'after the restore its tables are not those of the backup': '復元後のテーブルがバックアップのものと異なります',
  'no pages were copied': 'ページが一つもコピーされませんでした',
  'unexpected end of file': 'データが途中で終わっています',
  'incorrect header check': 'ヘッダーの検査に失敗しました',
  'incorrect data check': 'データの検査に失敗しました',
  'a header’s checksum is wrong': 'ヘッダーのチェックサムが正しくありません',
  'the file is empty': 'ファイルが空です',
  'database disk image is malformed': 'データベースの内容が壊れています',
  'file is not a database': 'データベースではないファイルです',
});

const composed: PhraseRule[] = [
  [
    /^(E[A-Z0-9]+)(?:: .*)?$/s,
    (code = '') => (systemReasons[code] === undefined ? code : `${systemReasons[code]}: ${code}`),
  ],
  [/^frame (\d+): (.+)$/s, (frame = '', why = '') => `フレーム ${frame}: ${reason(why)}`],
  [/^frame (\d+) stands where (\d+) is expected$/, (found, due) => `フレーム ${due} の位置に ${found} があります`],
  [/^metadata\.json: (.+)$/s, (why = '') => `metadata.json: ${reason(why)}`],
  [/^its metadata\.json is that of (.+)$/s, (id) => `metadata.json が ${id} のものです`],
  [/^(\d+) bytes where (\d+) are (?:expected|declared)$/, (found, due) => `${due} バイトのはずが ${found} バイトです`],
  [/^(\d+) bytes where at least (\d+) are expected$/, (found, due) => `${due} バイト以上のはずが ${found} バイトです`],
  [
    /^it is cut short: (\d+) bytes of (\d+) or more$/,
    (found, due) => `途中で切れています（${due} バイト以上のはずが ${found} バイト）`,
  ],
  [/^at least (\d+)$/, (due) => `少なくとも ${due}`],
  [/^its integrity check says: (.+)$/s, (why = '') => `整合性チェックの結果: ${reason(why)}`],
  [
    /^(\d+) entries are whole, the last one reached is (.+)$/s,
    (n, path) => `無事な項目は ${n} 個、最後に達したのは ${path} です`,
  ],
  [/^its compressed bytes are cut off \((\w+): (.+)\)$/s, (codec) => `圧縮データが途中で切れています（${codec}）`],
  [
    /^its compressed bytes are damaged \((\w+): (.+)\)$/s,
    (codec, why = '') => `圧縮データが壊れています（${codec}: ${reason(why)}）`,
  ],
  [/^the program (\S+) \(install (\S+)\)$/, (program, name) => `プログラム ${program}（${name} をインストール）`],
  [
    /^it is compressed with (\w+), which needs the program (\S+) \(install (\S+)\)$/,
    (codec, program, name) => `${codec} で圧縮されており、プログラム ${program} が必要です（${name} をインストール）`,
  ],
  [/^a link that leads out, to (.+)$/s, (target) => `外の ${target} を指すリンクです`],
  [/^written through the link (.+)$/s, (link) => `リンク ${link} を通して書き込まれます`],
  [/^(.+) is a file and a folder$/s, (path) => `${path} がファイルでもフォルダでもあります`],
  [
    /^its last line names (\d+) entries and (\d+) frames; it holds (\d+) and (\d+)$/,
    (a, b, c, d) => `最後の行では項目 ${a} 個・フレーム ${b} 個、実際には ${c} 個・${d} 個です`,
  ],
  [
    /^it is of format (\d+); this version reads up to (\d+)$/,
    (found, most) => `形式 ${found} です。このバージョンが読めるのは ${most} までです`,
  ],
  [/^(\d+) files, (\d+) bytes$/, (files, bytes) => `${files} ファイル、${bytes} バイト`],
  [/^its directory, which ends a zip, cannot be read \((.+)\)$/s, '末尾にある zip の目録を読めません'],
  [/^(".*") does not have its CRC-32$/s, (path) => `${path} の CRC-32 が一致しません`],
  [/^(".*") is encrypted$/s, (path) => `${path} は暗号化されています`],
  [
    /^something follows its end, at byte (\d+) of the tar$/,
    (at) => `終わりの後、tar の ${at} バイト目に別のデータがあります`,
  ],
  [/^the copy is not like its source: (.+)$/s, (why) => `コピーが元と異なります: ${why}`],
  [/^it belongs to user (\d+), mode (\d+)$/, (user, mode) => `所有者はユーザー ${user}、モードは ${mode}`],
  [/^this runs as user (\d+)$/, (user) => `実行しているのはユーザー ${user}`],
  [/^(\d+) s$/, (seconds) => `${seconds} 秒`],
];

const rules = [...operations, ...kinds, ...places, ...unsafe, ...damage, ...composed];

/** A phrase of an error or a finding in Japanese; as it is where it is nobody's here. */
export function reason(text: string | undefined): string {
  if (text === undefined) return '';
  const whole = sayPhrase(text, rules);
  if (whole !== undefined) return whole;
  const parts = text.split('; ');
  return parts.length === 1 ? text : parts.map(reason).join('。');
}
