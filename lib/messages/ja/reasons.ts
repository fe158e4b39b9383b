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
  'the restore': '復元',
  'unpacking the archive': 'アーカイブの展開',
  'unpacking the zip': 'zip の展開',
  'unpacking a database': 'データベースの展開',
  'copying a database': 'データベースのコピー',
  'checking its databases': 'データベースの検査',
  'changing the settings': '設定の変更',
  'writing the settings': '設定の書き込み',
});

const kinds = fixedPhrases({ folder: 'フォルダ', link: 'リンク', file: 'ファイル', 'special file': '特殊ファイル' });

const places = fixedPhrases({
  'it is a file': 'フォルダではなくファイルです',
  'it is a link': 'リンクです',
  'it is no file': 'ファイルではありません',
  'it is a folder': 'ファイルではなくフォルダです',
  'it is empty': '空です',
  'it is missing': '存在しません',
  'there is no such file': 'そのファイルはありません',
  'there is no such file; what is given here is the name of a file, not the key itself':
    'そのファイルはありません。ここには鍵そのものではなく、ファイルの名前を指定します',
  'exit code 127: there is no such command': '終了コード 127（そのコマンドはありません）',
  'exit code 126: it may not be run': '終了コード 126（実行する権限がありません）',
  'it is too large': '大きすぎます',
  'it has more than one line, or the line ends of Windows': '複数の行があるか、改行が Windows の形式です',
  'it is longer than OpenSSL reads (1023 bytes)': 'OpenSSL が読み取る長さ（1023 バイト）を超えています',
  'it is no RSA key in PEM that opens without a passphrase': 'パスフレーズなしで開ける PEM 形式の RSA 鍵ではありません',
  'it is no RSA key of 2048 bits or more, in a multiple of 512, in PEM':
    'PEM 形式の、2048 ビット以上（512 の倍数）の RSA 鍵ではありません',
  'it is no RSA key of 2048 bits or more, in a multiple of 512': '2048 ビット以上（512 の倍数）の RSA 鍵ではありません',
  'a backup cannot be wrapped to so many keys': 'これほど多くの鍵で一つのバックアップを包むことはできません',
  'a plain tree (--format directory, storage.compress false) keeps the files as they are and cannot be encrypted':
    'そのままのファイルとして保存する形式（--format directory、storage.compress false）は暗号化できません',
  'it is encrypted, and the new backup is not to be': '暗号化されていますが、新しいバックアップは暗号化しない設定です',
  'it is not encrypted as the new backup is to be, with the same key':
    '新しいバックアップと同じ鍵で暗号化されていません',
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
  'no key is given': '鍵が指定されていません',
  'no private key is given': '秘密鍵が指定されていません',
  'no key that is given opens it': '指定された鍵では開けません',
  'its content was changed': '内容が書き換えられています',
  'a newer version of this toolkit made it': 'より新しいバージョンのツールで作成されています',
  'others may write to the store': 'ほかのユーザーも保存先に書き込めます',
  'another run holds the lock of the store': '別の実行が保存先を使用中です',
  'it is not UTF-8 text': 'UTF-8 のテキストではありません',
  'it is not an object': 'オブジェクトではありません',
  '"scripts" is not an object': '"scripts" がオブジェクトではありません',
  'it has no metadata.json': 'metadata.json がありません',
  'it is a folder without metadata.json': 'metadata.json のないフォルダです',
  'manifest.jsonl.gz is missing': 'manifest.jsonl.gz がありません',
  'manifest.jsonl.gz.enc is missing': 'manifest.jsonl.gz.enc がありません',
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
  'no text of a file name': 'ファイル名として正しくない文字列です',
  'a path that is longer than any system takes': 'どのシステムでも扱えないほど長いパスです',
  'a link that is longer than any path': 'どのパスよりも長いリンクです',
  'a source that leads out': 'プロジェクトの外を指すソースです',
  'an archive is named by its name only': 'アーカイブは名前だけで指定されなければなりません',
  'a link without a target': '行き先のないリンクです',
  'NUL in the link': 'リンクに NUL が含まれています',
  'a link and something else under one name': '同じ名前のリンクと別のものがあります',
  'two names that differ only in case or Unicode form': '大文字・小文字や Unicode の形だけが異なる名前があります',
  'two entries of one name': '同じ名前の項目が二つあります',
});

const damage = fixedPhrases({
  'its metadata.json has no MAC': 'metadata.json に MAC がありません',
  'the MAC of its metadata.json is not right': 'metadata.json の MAC が正しくありません',
  'the MAC of the manifest is not right': 'マニフェストの MAC が正しくありません',
  'its SHA-256 is not what metadata.json names': 'SHA-256 が metadata.json の値と一致しません',
  'the stored manifest does not have the SHA-256 that metadata.json names':
    '保存されたマニフェストの SHA-256 が metadata.json の値と一致しません',
  'its metadata does not say that it is encrypted': '暗号化されていることがメタデータに記録されていません',
  'it is encrypted, and this toolkit did not make it, or somebody changed it; who knows where it comes from decrypts it with openssl':
    '暗号化されていますが、このツールで作成されたものではないか、書き換えられています。出所が確かなものであれば、openssl で復号してください',
  'its MAC is not right': 'MAC が正しくありません',
  'it is no line of an audit log': '監査ログの行ではありません',
  'the next line follows another one': '次の行が別の行に続いています',
  'the checkpoint names another one': 'チェックポイントが別の行を指しています',
  'it is the first one and follows another': '最初の行なのに別の行に続いています',
  'it is no checkpoint': 'チェックポイントではありません',
  'it has no MAC, and the line that it names has one': 'MAC がありませんが、指している行にはあります',
  'it is cut off': '途中で切れています',
  'it is cut short': '途中で切れています',
  'its targets are not those of its header': '対象がヘッダーのものと異なります',
  'it has too many frames': 'フレームが多すぎます',
  'its frames are too small': 'フレームが小さすぎます',
  'its compressed bytes are in too many pieces': '圧縮データが細かく分かれすぎています',
  'too many links': 'リンクが多すぎます',
  'it is no file': 'ファイルではありません',
  'the manifest is no file': 'マニフェストがファイルではありません',
  'its journal names a file that SQLite did not make': 'ジャーナルが SQLite の作成していないファイルを指しています',
  'it lies in the head of the archive': 'アーカイブの先頭部分にあります',
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
  [/^exit code (\d+)$/, (code) => `終了コード ${code}`],
  [/^it was ended by (\w+|\?)$/, (signal) => `シグナル ${signal} で終了しました`],
  [/^frame (\d+): (.+)$/s, (frame = '', why = '') => `フレーム ${frame}: ${reason(why)}`],
  [/^frame (\d+) stands where (\d+) is expected$/, (found, due) => `フレーム ${due} の位置に ${found} があります`],
  [/^metadata\.json: (.+)$/s, (why = '') => `metadata.json: ${reason(why)}`],
  [/^it is (.+), under another one's name$/s, (id) => `別のバックアップの名前になっていますが、${id} です`],
  [/^its metadata\.json is that of (.+)$/s, (id) => `metadata.json が ${id} のものです`],
  [/^(\d+) bytes where (\d+) are (?:expected|declared)$/, (found, due) => `${due} バイトのはずが ${found} バイトです`],
  [/^(\d+) bytes where at least (\d+) are expected$/, (found, due) => `${due} バイト以上のはずが ${found} バイトです`],
  [
    /^it is cut short: (\d+) bytes of (\d+) or more$/,
    (found, due) => `途中で切れています（${due} バイト以上のはずが ${found} バイト）`,
  ],
  [
    /^it unpacks to more than (\d+) times the (\d+) bytes that are stored$/,
    (times, bytes) => `保存された ${bytes} バイトの ${times} 倍を超えて展開されます`,
  ],
  [/^more than (\d+) names$/, (most) => `名前が ${most} 個を超えています`],
  [/^it names (\d+) archives$/, (count) => `アーカイブを ${count} 個指しています`],
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
