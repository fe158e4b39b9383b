import type { Messages } from '../messages.ts';
import { init } from './init.ts';
import { reason } from './reasons.ts';

const andMore = (count: number): string => (count > 1 ? `（ほか ${count - 1} 件）` : '');
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
const ageText = (hours: number): string =>
  hours === 0 ? '1 時間足らず' : hours < 48 ? `${hours} 時間` : `${Math.floor(hours / 24)} 日`;

const uses = {
  bzip2: '圧縮 bzip2 のバックアップにだけ必要です',
  xz: '圧縮 xz のバックアップにだけ必要です',
  tar: '手作業での復元にだけ必要です',
  openssl: '暗号化されたバックアップを手作業で復元するときにだけ必要です',
  git: 'ない場合、metadata.json にコミットが記録されません',
};

const repair = '`npm run backup:doctor -- --repair` を実行してください。';

export const doctor: Messages['doctor'] = {
  describe: '導入状態を点検する: プログラム、保存先、権限、鍵、どのバックアップにも入らないもの',
  repair: '先に、保存先とバックアップの権限を正しくする',
  names: {
    node: 'Node',
    sqlite: 'SQLite',
    programs: 'プログラム',
    store: '保存先',
    permissions: '権限',
    space: '空き容量',
    key: '鍵',
    git: 'Git',
    coverage: '対象',
    leftovers: '残骸',
    backups: 'バックアップ',
  },
  marks: { ok: '正常', warning: '注意', problem: '問題' },
  allWell: '問題はありません。',
  summary: (problems, warnings) => `問題 ${problems} 件、注意 ${warnings} 件。`,
  says: {
    'node-fits': (p) => `Node ${p.version}（zstd ${p.hasZstd ? 'あり' : 'なし。22.15 以降にあります'}）。`,
    'node-too-old': (p) => `Node ${p.version} は ${p.needed} より古いものです。`,
    'zstd-missing': (p) => `設定は圧縮 zstd を求めていますが、Node ${p.version} にはありません。`,
    'sqlite-works': (p) => `better-sqlite3 は SQLite ${p.version} で動きます。`,
    'sqlite-broken': (p) => `better-sqlite3 が動きません: ${p.reason}`,
    'programs-there': (p) => `${p.programs.join(', ')}: あります。`,
    'program-missing': (p) => `${p.program} がありません。${uses[p.use]}。`,
    'store-absent': (p) => `保存先はまだありません。最初のバックアップが作ります: ${p.store}`,
    'store-writable': (p) => `${p.store} に書き込めます。`,
    'store-not-writable': (p) => `${p.store} に書き込めません（${reason(p.reason)}）。`,
    'store-unreadable': (p) => `${p.store} の中を見られません（${reason(p.reason)}）。`,
    'modes-right': (p) => `保存先にツールが作ったファイルとフォルダ ${p.count} 個は、すべて正しい権限です。`,
    'modes-unknown': () => 'このシステムには、点検できる権限がありません。',
    'others-may-write': (p) =>
      `${p.path}（モード ${p.found}）${andMore(p.count)}にはほかのユーザーも書き込めます。バックアップを差し替えられるおそれがあります。`,
    'others-may-read': (p) => `${p.path}（モード ${p.found}）${andMore(p.count)}はほかのユーザーも読めます。`,
    'owner-shut-out': (p) =>
      `${p.path}（モード ${p.found}）${andMore(p.count)}は所有者自身にも十分な権限がありません。`,
    'owned-by-others': (p) => `${p.path}${andMore(p.count)}の所有者はほかのユーザー（ID ${p.owner}）です。`,
    'linked-elsewhere': (p) =>
      `${p.path}（モード ${p.found}）${andMore(p.count)}には別の名前（ハードリンク）があるため、そのままにします。`,
    'folder-closed': (p) => `${p.path}${andMore(p.count)}の中を見られませんでした（${reason(p.reason)}）。`,
    'modes-repaired': (p) => `${p.count} 件の権限を正しくしました。`,
    'repair-failed': (p) => `${p.path}${andMore(p.count)}の権限を変えられませんでした（${reason(p.reason)}）。`,
    'repair-without-effect': (p) =>
      `${p.path}${andMore(p.count)}の権限は変わりませんでした。ファイルシステムに権限がありません。`,
    'store-swappable': (p) =>
      `保存先のある ${p.path}（モード ${p.found}）にはほかのユーザーも書き込めます。保存先ごと差し替えられるおそれがあります。`,
    'space-enough': (p, bytes) =>
      p.neededBytes === 0
        ? `空き ${bytes(p.freeBytes)}。`
        : `空き ${bytes(p.freeBytes)}。新しいバックアップは最大 ${bytes(p.neededBytes)} です。`,
    'space-scarce': (p, bytes) =>
      `空きは ${bytes(p.freeBytes)} だけです。新しいバックアップは最大 ${bytes(p.neededBytes)} です。`,
    'space-too-small': (p, bytes) =>
      `空きは ${bytes(p.freeBytes)} で、次のバックアップ（${bytes(p.neededBytes)}）に足りません。`,
    'space-unknown': () => '保存先のファイルシステムの空き容量はわかりません。',
    'not-encrypted': () => '鍵が設定されていないため、バックアップは暗号化されません。',
    'key-absent': () => '設定では暗号化が求められていますが、鍵がないためバックアップを作れません。',
    'key-works': (p) => `${p.source} の鍵を読めます。`,
    'recipients-work': (p) => `${p.count} 個の公開鍵あてに暗号化します。どれも読めます。`,
    'key-unusable': (p) => p.reason,
    'key-exposed': (p) => `鍵ファイル ${p.path}（モード ${p.found}）はほかのユーザーも読めます。`,
    'key-in-settings': () => 'storage.encryptionKey に秘密の値そのものが書かれています。',
    'git-ignores': () => '保存先と鍵はリポジトリに入りません。',
    'git-none': () => 'git のリポジトリではないか、git がありません。',
    'store-in-git': (p) => `保存先 ${p.path} が git の無視の対象になっていません。`,
    'key-in-git': (p) => `鍵ファイル ${p.path} が git の無視の対象になっていません。`,
    covered: () => 'データらしきものは、すべて対象に入っています。',
    unprotected: (p, bytes) =>
      `どの対象にもありません: ${p.source}（${init.kinds[p.kind as keyof typeof init.kinds]}、${init.files(p.files)}、${bytes(p.size)}）。`,
    'more-unprotected': (p) => `どの対象にもないものが、ほかに ${p.count} 件あります。`,
    'env-not-kept': (p) =>
      `${p.path}${andMore(p.count)} には秘密の値がありますが、暗号化する鍵がないため、どのバックアップにも入りません。`,
    'cut-short': (p) => `${p.entries} 個のファイルとフォルダを見たところで打ち切りました。ほかにもあるかもしれません。`,
    'nothing-left': () => '中断された実行の残骸はありません。',
    'run-at-work': (p) => `ほかの実行が作業中です（${p.holder}）。`,
    'left-in-store': (p) => `中断された実行が ${p.path} に一時ファイルを ${p.count} 個残しました。`,
    'left-by-restore': (p) => `中断された復元が ${p.path}${andMore(p.count)}を残しました。`,
    'no-backup': () => '完全なバックアップがまだありません。',
    'last-backup': (p) => `最新の完全なバックアップ（${ageText(p.ageHours)}前）: ${p.id}`,
    'last-backup-old': (p) => `最新の完全なバックアップ（${ageText(p.ageHours)}前）: ${p.id}`,
    'unreadable-backups': (p) => `${p.path}${andMore(p.count)}は壊れているか、読む権限がありません。`,
  },
  hints: {
    'node-too-old': (p) => `Node ${p.needed} 以降を入れてください。`,
    'zstd-missing': () => 'Node 22.15 以降を入れるか、storage.compression を "gzip" にしてください。',
    'sqlite-broken': () => '`npm rebuild better-sqlite3` を実行してください。',
    'store-not-writable': () =>
      '権限と、ファイルシステムが読み取り専用でないかを確かめるか、storage.path を別の場所にしてください。',
    'store-unreadable': () => 'バックアップの所有者として実行するか、storage.path を正しい場所にしてください。',
    'others-may-write': () =>
      `${repair}それまでは、storage.allowOthersToWrite が true でない限りバックアップを作りません。`,
    'others-may-read': () => repair,
    'owner-shut-out': () => repair,
    'owned-by-others': (p) => `自分のものにするには: sudo chown "$(id -u)" ${quoted(p.path)}`,
    'linked-elsewhere': () => '別の名前が不要であれば、ファイルをコピーして置き換えてください。',
    'repair-failed': () => '保存先の所有者として実行してください。',
    'repair-without-effect': () =>
      '別のファイルシステムに置くか、権限を絞ってマウントしてください。このままにする場合は storage.allowOthersToWrite を true にしてください。',
    'store-swappable': () => 'ほかのユーザーの書き込みの権限を外すか、保存先を自分だけのフォルダに置いてください。',
    'space-scarce': () => '`npm run backup:cleanup -- --dry-run` で、古いバックアップを消すと空く量がわかります。',
    'space-too-small': () => '`npm run backup:cleanup -- --dry-run` で、古いバックアップを消すと空く量がわかります。',
    'key-absent': () => '鍵を作ってください: npm run backup:keys -- generate',
    'key-unusable': () => 'パスと権限、または鍵を出すコマンドを確かめてください。',
    'key-exposed': (p) => `実行してください: chmod 600 ${quoted(p.path)}`,
    'key-in-settings': () => '環境変数に移し、"${BACKUP_ENCRYPTION_KEY}" と書いてください。',
    'store-in-git': () => '`npm run backup:init` が .gitignore に加えます。',
    'key-in-git': (p) =>
      `${p.path} を .gitignore に加えてください。コミットしたことがある場合は、鍵を作り直してください。`,
    unprotected: () => '`npm run backup:init` が対象を提案します。または、対象か exclude に書いてください。',
    'env-not-kept': () => '鍵を作るか（npm run backup:keys -- generate）、写しを別の場所に保管してください。',
    'left-in-store': () => '次のバックアップが取り除きます。',
    'left-by-restore': () => '次の復元が取り除きます。',
    'no-backup': () => '作成してください: npm run backup:create',
    'last-backup-old': () =>
      '作成してください: npm run backup:create。`npm run backup:schedule` に任せることもできます。',
    'unreadable-backups': () => '`npm run backup:verify -- --all` で詳しくわかります。',
  },
};
