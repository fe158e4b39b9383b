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
    `${named(p)} には秘密情報があるため、含めませんでした。このバージョンは暗号化に対応していません。`,
  'mode-full': (p) =>
    `${kindOf(p)} モードが求められましたが、${p.reason === 'chain-long' ? 'チェーンが incremental.maxIncrementals の上限に達した' : p.reason === 'zip' ? 'zip は単独で完結する' : 'これらのターゲットの完全なバックアップがまだない'}ため、full バックアップを作成しました。`,
  'base-unusable': (p) =>
    `${named(p)} を基にしたバックアップは作成できないため、full バックアップを作成しました（${reason(p.reason)}）。`,
  'since-left-out': (p) =>
    `${p.count} 個のファイルは ${p.expected} 以降に変更がなく、基になるバックアップにもないため、--since の指定どおり含めませんでした。`,
  'certificate-unreadable': (p) =>
    `証明書 ${named(p)} を読み取れませんでした（${reason(p.reason)}）。参照情報は含まれていません。`,
  'clock-went-back': (p) =>
    `時計が戻っています。最新のバックアップの ID ${p.found} は現在より後の日時です。今回の ID はその直後とし、timestamp には時計の日時を記録しました。`,
  'leftovers-removed': (p) => `中断された実行が残した一時ファイルを ${p.count} 個削除しました。`,
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
  'folders-not-set': (p) =>
    `別の利用者が所有するフォルダ ${p.count} 個（最初は ${named(p)}）の権限と日時は設定できませんでした。設定できるのは所有者と root だけです。`,
  'verification-not-noted': (p) => `結果は有効ですが、${named(p)} に記録できませんでした（${reason(p.reason)}）。`,
  'count-mismatch': (p) =>
    `${named(p)}: metadata.json では ${reason(p.expected)}、マニフェストでは ${reason(p.found)} です。`,
  // While backups are compared
  'not-compared': (p) =>
    `${named(p)} は比較していません${p.reason === undefined ? '' : `（${reason(p.reason)}）`}。${p.found === undefined ? '' : `バックアップ ${p.found}: ${causesOf(p) || '内容を確認してください。'}`}`,
};
