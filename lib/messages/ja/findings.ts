import type { Finding, FindingCode, FindingParams } from '../../core/findings.ts';
import { reason } from './reasons.ts';

const named = (p: FindingParams): string => p.path ?? p.target ?? '';

/** Kinds of special files; other words (modes) are the same in both languages. */
const kinds: Readonly<Record<string, string>> = {
  socket: 'ソケット',
  FIFO: '名前付きパイプ',
  fifo: '名前付きパイプ',
  device: 'デバイス',
  'block device': 'ブロックデバイス',
  'character device': 'キャラクタデバイス',
  'special file': '特殊ファイル',
};

const kindOf = (p: FindingParams): string => kinds[p.kind ?? ''] ?? p.kind ?? '';

/** One of a newer version says itself in English. */
const sayCause = (one: Finding): string =>
  Object.hasOwn(findings, one.code) ? findings[one.code](one.params) : one.message;

const causesOf = ({ causes = [] }: FindingParams): string => causes.map(sayCause).join('');

/** Every finding in Japanese. A code without a sentence does not compile. */
export const findings: { [C in FindingCode]: (p: FindingParams) => string } = {
  // While a backup is made
  'file-unreadable': (p) =>
    `${named(p)} を読み取れませんでした（${reason(p.reason)}）。バックアップに含まれていません。`,
  'folder-unreadable': (p) =>
    `フォルダ ${named(p)} を読み取れませんでした（${reason(p.reason)}）。その中身はバックアップに含まれていません。`,
  'file-vanished': (p) => `${named(p)} はバックアップ中に消えたため、含まれていません。`,
  'file-changed': (p) =>
    `${named(p)} は読み取り中も変更され続けました。バックアップには最後に読み取った内容が入っています。`,
  'special-file': (p) => `${named(p)} は${kindOf(p)}のため、対象から外しました。`,
  'source-missing': (p) => `${named(p)}（対象 ${p.target}）は存在しないため、飛ばしました。`,
  'source-outside': (p) =>
    `${named(p)}（対象 ${p.target}）はリンクでプロジェクトの外を指しているため、対象から外しました。`,
  'source-link-outside': (p) =>
    `${named(p)}（対象 ${p.target}）はプロジェクトの外の ${p.found} を指すリンクです。リンクとして保存しましたが、リンク先の内容は含まれていません。`,
  'source-link': (p) =>
    `${named(p)}（対象 ${p.target}）は ${p.found} を指すリンクです。リンクとして保存しました。リンク先の内容は、そのパス自体がいずれかの対象に入っている場合にだけ含まれます。`,
  'folder-unsearched': (p) =>
    `フォルダ ${named(p)} はデータベースを探すために開けませんでした（${reason(p.reason)}）。その中にデータベースがあっても、バックアップに含まれていません。`,
  'database-locked': (p) =>
    `データベース ${named(p)} はロックされたままでした（${reason(p.reason)}）。バックアップに含まれていません。`,
  'database-corrupt': (p) =>
    `データベース ${named(p)} が壊れています（${reason(p.reason)}）。元のファイルをそのまま ${p.found} として${p.beside === undefined ? '' : `、そのログを ${p.beside} として`}残しました。${p.kind === 'no-header' ? 'データベースではなくなった場合は、別の名前に変えるか、exclude で除外してください。' : ''}`,
  'database-unreadable': (p) =>
    `データベース ${named(p)} をコピーできませんでした（${reason(p.reason)}）。バックアップに含まれていません。`,
  'database-unrecognized': (p) =>
    `${named(p)} はデータベースのような名前ですが、SQLite のヘッダーがありません（暗号化、破損、または別の種類のファイル）。検査せず、通常のファイルとして保存しました。`,
  'secrets-left-out': (p) =>
    `${named(p)} には秘密情報があるため、含めませんでした。${p.reason === 'no-target' ? 'これを暗号化して保存するターゲット（既定では security）が、このバックアップにありません。' : '暗号化するための鍵がありません。--encryption-key FILE または BACKUP_ENCRYPTION_KEY_FILE で指定してください。'}`,
  'key-exposed': (p) =>
    `鍵ファイル ${named(p)} は他のユーザーも読めます（モード ${p.found}）。\`chmod 600\` で自分だけのものにできます。`,
  'key-in-settings': () =>
    'storage.encryptionKey に秘密の値そのものが書かれています。環境変数に移し、"${BACKUP_ENCRYPTION_KEY}" と書いてください。',
  'mode-full': (p) =>
    `${kindOf(p)} モードが求められましたが、${p.reason === 'chain-long' ? 'チェーンが incremental.maxIncrementals の上限に達した' : p.reason === 'zip' ? 'zip は単独で完結する' : p.reason === 'other-key' ? '最新のバックアップが同じ鍵で暗号化されていない' : 'これらのターゲットの完全なバックアップがまだない'}ため、full バックアップを作成しました。`,
  'base-unusable': (p) =>
    `${named(p)} を基にしたバックアップは作成できないため、full バックアップを作成しました（${reason(p.reason)}）。`,
  'since-left-out': (p) =>
    `${p.count} 個のファイルは ${p.expected} 以降に変更がなく、基になるバックアップにもないため、--since の指定どおり含めませんでした。`,
  'certificate-unreadable': (p) =>
    `証明書 ${named(p)} を読み取れませんでした（${reason(p.reason)}）。参照情報は含まれていません。`,
  'clock-went-back': (p) =>
    `時計が戻っています。最新のバックアップの ID ${p.found} は現在より後の日時です。今回の ID はその直後とし、timestamp には時計の日時を記録しました。`,
  'leftovers-removed': (p) => `中断された実行が残した一時ファイルを ${p.count} 個削除しました。`,
  'store-readable': (p) =>
    `バックアップの保存先 ${named(p)} は他のユーザーも中を見られます（モード ${p.found}）。\`npm run backup:doctor -- --repair\` で閉じられます。`,
  'store-swappable': (p) =>
    `保存先のある ${named(p)} には他のユーザーも書き込めます（モード ${p.found}）。保存先ごと差し替えられるおそれがあります。`,
  'more-findings': (p) => `ほかに ${p.count} 件ありますが、ここには載せていません。`,
  // While a backup is verified
  'archive-missing': (p) => `アーカイブ ${named(p)} がありません。`,
  'archive-size': (p) => `アーカイブ ${named(p)} は ${p.found} バイトです。本来は ${p.expected} バイトです。`,
  'archive-hash': (p) => `アーカイブ ${named(p)} の SHA-256 が metadata.json の値と一致しません。`,
  'archive-unreadable': (p) => `アーカイブ ${named(p)} を読み取れませんでした（${reason(p.reason)}）。`,
  'frame-damaged': (p) => `${named(p)} のフレーム ${p.count} が壊れています（${reason(p.reason)}）。`,
  'manifest-damaged': (p) => `マニフェストが壊れています（${reason(p.reason)}）。`,
  'manifest-hash': () => 'マニフェストのチェックサムが metadata.json の値と一致しません。',
  'metadata-damaged': (p) => `metadata.json が壊れています（${reason(p.reason)}）。`,
  'not-authentic': (p) => `${named(p)} は、この鍵で作成されたままのものではありません（${reason(p.reason)}）。`,
  'not-encrypted': (p) =>
    `設定では暗号化が求められていますが、${named(p)} は暗号化されていません。誰が作成したかを確かめられません。`,
  'key-missing': (p) => `${named(p)} は暗号化されており、${reason(p.reason)}。保存されたバイトだけを検査しました。`,
  'entry-missing': (p) => `${named(p)} はマニフェストにありますが、バックアップの中にありません。`,
  'entry-size': (p) => `${named(p)} は ${p.found} バイトです。本来は ${p.expected} バイトです。`,
  'entry-hash': (p) => `${named(p)} の SHA-256 がマニフェストの値と一致しません。`,
  'entry-unsafe': (p) => `${named(p)} は復元先の外に書き込まれるところでした（${reason(p.reason)}）。`,
  'entry-damaged': (p) => `${named(p)} を読み戻せません（${reason(p.reason)}）。`,
  'database-damaged': (p) => `データベース ${named(p)} が整合性チェックに失敗しました（${reason(p.reason)}）。`,
  'backup-incomplete': (p) =>
    `このバックアップは不完全です。${causesOf(p)}${(p.count ?? 0) > 0 ? `足りないものはほかに ${p.count} 件あります。` : ''}${p.found === undefined ? 'ほかに完全なバックアップはありません。' : `最新の完全なバックアップは ${p.found} です。`}`,
  'in-safety-backup': (p) => `安全バックアップ ${p.found} の中: ${causesOf(p)}`,
  'extra-database-kept': (p) =>
    `${named(p)} はバックアップにありませんが、データベースであるか、以前のバックアップでデータベースだったため、削除しません。`,
  'entry-not-restored': (p) =>
    `${named(p)} はバックアップの中で壊れている（${reason(p.reason)}）ため、復元しませんでした。`,
  'backup-unreadable': (p) =>
    `${named(p)} を読み取れませんでした（${reason(p.reason)}）。壊れているかどうかは分かりません。`,
  'secrets-locked': (p) => `${named(p)} にある .env ファイルは復元しませんでした（${reason(p.reason)}）。`,
  'secrets-in-safety-backup': (p) =>
    `.env ファイルの復元前の内容は ${p.found} にあり、指定したときだけ復元されます: npm run backup:restore -- ${p.found} --include '**/.env*'`,
  'secrets-changed': (p) => `秘密の値 ${p.count} 件がバックアップの時点から変わっています: ${p.found}。`,
  'secrets-to-supply': (p) =>
    `バックアップにある秘密の値 ${p.count} 件がここでは設定されていません: ${p.found}。${p.reason === 'in-backup' ? ".env ファイルはバックアップにあり、--include '**/.env*' で元に戻せます。" : '必要なものは改めて設定してください。'}`,
  'folders-not-set': (p) =>
    `別の利用者が所有するフォルダ ${p.count} 個（最初は ${named(p)}）の権限と日時は設定できませんでした。設定できるのは所有者と root だけです。`,
  'verification-not-noted': (p) => `結果は有効ですが、${named(p)} に記録できませんでした（${reason(p.reason)}）。`,
  'count-mismatch': (p) =>
    `${named(p)}: metadata.json では ${reason(p.expected)}、マニフェストでは ${reason(p.found)} です。`,
  // About the audit log
  'audit-unwritten': (p) => `実行した内容は有効ですが、${named(p)} に記録できませんでした（${reason(p.reason)}）。`,
  'audit-line-changed': (p) =>
    `${named(p)} の ${p.count} 行目は、書かれたときのままではありません（${reason(p.reason)}）。`,
  'audit-line-order': (p) =>
    `${named(p)} の ${p.count} 行目は順序が違います。番号は ${p.found} ですが、本来は ${p.expected} です。`,
  'audit-lines-missing': (p) =>
    `${named(p)} の ${p.expected} 行目の前の ${p.count} 行（番号 ${p.found}）がありません。`,
  'audit-lines-cut': (p) => `監査ログの末尾の ${p.count} 行（番号 ${p.found}）がありません。`,
  'audit-line-torn': (p) => `${named(p)} の ${p.count} 行目は途中で切れています。書き込み中に実行が終了しました。`,
  'audit-head-missing': (p) =>
    `チェックポイント ${named(p)} がありません。監査ログの末尾の行が失われていないかどうかは分かりません。`,
  'audit-head-changed': (p) =>
    `チェックポイント ${named(p)} は、書かれたときのままではありません（${reason(p.reason)}）。`,
  'audit-head-lost': (p) =>
    `${named(p)} の ${p.found} 行目が書かれたとき、チェックポイントがないか、変更されていました（全部で ${p.count} 回）。その前の行が失われている可能性があります。`,
  'audit-unsigned': (p) =>
    `${p.count} 行は鍵なしで書かれています（最初は ${named(p)} の ${p.found} 行目）。保存先に書き込める人なら誰でも書けた行です。`,
  'audit-macs-unchecked': (p) =>
    `${p.count} 行は、指定されていない鍵を使って書かれています（最初は ${named(p)} の ${p.found} 行目）。`,
  'audit-backup-gone': (p) =>
    `バックアップ ${named(p)} は作成され、削除の記録がないのに、保存先にありません。誰かが削除したか、保存先が古いコピーです。`,
  'audit-backup-unknown': (p) =>
    `監査ログにバックアップ ${named(p)} の作成の記録がありません。コピーされたか、記録できなかったものです。`,
  'audit-backups-earlier': (p) => `${p.count} 個のバックアップ（最新は ${named(p)}）は、監査ログより前のものです。`,
  // While backups are compared
  'not-compared': (p) =>
    `${named(p)} は比較していません${p.reason === undefined ? '' : `（${reason(p.reason)}）`}。${p.found === undefined ? '' : `バックアップ ${p.found}: ${causesOf(p) || '内容を確認してください。'}`}`,
};
