import {
  restoreSettingsCommand,
  undoCommand,
  type ErrorCode,
  type ErrorParams,
  type ErrorText,
} from '../../core/error-catalogue.ts';
import { quotedOption } from '../../core/key-errors.ts';
import { reason } from './reasons.ts';
import { expectation, settingsProblem, syntaxReason } from './settings-problems.ts';

const seeHelp = '--help を付けて実行すると、使えるオプションが表示されます。';

function restoreSettingsHint(file: string): string {
  const command = restoreSettingsCommand(file);
  return command === undefined
    ? ''
    : `\n最新のバックアップから戻すには:\n  ${command}\nバックアップが ./backups にないときは、{} の代わりに {"backup": {"storage": {"path": "…"}}} と書いてください。`;
}

/** Every error in Japanese. A code without a sentence does not compile. */
export const errors: { [C in ErrorCode]: (params: ErrorParams<C>) => ErrorText } = {
  USAGE: (p) => ({ message: p.problem, hint: p.hint ?? seeHelp }),
  OPTION_INVALID: (p) => ({
    message: `オプション --${p.option} の値 ${JSON.stringify(p.value)} は正しくありません。指定できるのは ${expectation(p.expected)} です。`,
    hint: seeHelp,
  }),
  VARIABLE_INVALID: (p) => ({
    message: `環境変数 ${p.name} の値 ${JSON.stringify(p.value)} は正しくありません。指定できるのは ${expectation(p.expected)} です。`,
    hint: '正しい値を設定するか、設定を取り消してください。',
  }),
  CONFIG_UNREADABLE: (p) => ({
    message: `設定ファイル ${p.file} を読み込めませんでした: ${reason(p.reason)}`,
    hint: 'ファイルが存在し、読み取り権限があることを確かめるか、--config で別のファイルを指定してください。',
  }),
  CONFIG_SYNTAX: (p) => ({
    message: `設定ファイル ${p.file} の ${p.line} 行 ${p.column} 桁目が正しい JSON ではありません: ${syntaxReason(p.reason)}`,
    hint: `コメントと末尾のカンマは使えます。その付近で引用符・カンマ・括弧が抜けていないか確かめてください。${restoreSettingsHint(p.file)}`,
  }),
  CONFIG_INVALID: (p) => {
    const problems = p.problems.map((problem) => `  - ${settingsProblem(problem)}`).join('\n');
    return p.asked === undefined
      ? {
          message: `${p.file} の設定に誤りがあります:\n${problems}`,
          hint: '直したあと `backup:config --check` で確かめてください。',
        }
      : {
          message: `オプション --set-option ${p.asked.join('、')}: この変更では設定に誤りが生じます:\n${problems}`,
          hint: `${p.file} は何も変更していません。`,
        };
  },
  PACKAGE_UNREADABLE: (p) => ({
    message: `${p.file} は npm が読み込める内容ではありません: ${reason(p.reason)}。何も変更していません。`,
    hint: '直したあと（`npm pkg get name` で npm が読めるか確かめられます）、もう一度 `ai-backup init` を実行してください。',
  }),
  TARGET_UNKNOWN: (p) => ({
    message: `対象 ${JSON.stringify(p.name)} はありません。${p.nearest === undefined ? '' : `${JSON.stringify(p.nearest)} のことですか？`}`,
    hint: `使える対象: ${p.known.join(', ')}`,
  }),
  CODEC_UNAVAILABLE: (p) => ({
    message: `この環境では圧縮方式 ${p.codec} を使えません。必要なもの: ${reason(p.missing)}`,
    hint: '--compression で別の方式を選ぶか、必要なものが揃った環境で実行してください。',
  }),
  BASE_UNUSABLE: (p) => ({
    message: `${p.backup} を基にしたバックアップは作成できません。${p.archive}：${reason(p.reason)}。何も書き込んでいません。`,
    hint: 'アーカイブを元の場所に戻すか、--base-backup で別の基を指定するか、--mode full で新しい full バックアップを作成してください。',
  }),
  BACKUP_NOT_NEWEST: (p) => ({
    message: `${p.backup} は最新のバックアップではありません（最新は ${p.newest}）。ここから作成すると、最新の状態と取り違えられます。何も書き込んでいません。`,
    hint: '最新のバックアップを統合してください。チェーンの内容はすべて含まれています。',
  }),
  ENCRYPTION_UNAVAILABLE: (p) => ({
    message: `暗号化が求められましたが、できません（${reason(p.reason)}）。何も書き込んでいません。`,
    hint: '--format tar か zip を選ぶ（設定では storage.compress を true にする）か、--no-encrypt で暗号化をやめてください。',
  }),
  KEY_MISSING: (p) => ({
    message:
      p.backup === undefined
        ? '暗号化が求められましたが、鍵が指定されていません。何も書き込んでいません。'
        : `${p.backup} は暗号化されていますが、${p.needsPrivate === true ? '秘密鍵' : '鍵'}が指定されていません。`,
    hint:
      p.backup === undefined
        ? '鍵のファイルを --encryption-key FILE または BACKUP_ENCRYPTION_KEY_FILE で指定してください。新しい鍵は `npm run backup:keys -- generate` で作れます。'
        : `${p.needsPrivate === true ? '秘密鍵' : '鍵'}を BACKUP_ENCRYPTION_KEY_FILE、BACKUP_ENCRYPTION_KEY_COMMAND、BACKUP_ENCRYPTION_KEY、または --encryption-key FILE で指定してください。`,
  }),
  KEY_WRONG: (p) => ({
    message: `指定された鍵では ${p.backup} を開けません。試した鍵: ${p.tried.join('、')}。`,
    hint:
      p.needsPrivate === true
        ? '公開鍵あてに暗号化されています。いずれかの公開鍵に対応する秘密鍵を --encryption-key FILE で指定してください。'
        : '作成時に使った鍵を --encryption-key FILE で指定してください。`npm run backup:keys -- check` で、鍵がどのバックアップを開けるかを確認できます。',
  }),
  KEY_UNREADABLE: (p) => ({
    message: `${quotedOption(p.source)} の鍵を読み取れませんでした（${reason(p.reason)}）。`,
    hint: 'パスと権限、またはコマンドを確認するか、別の方法で鍵を指定してください。',
  }),
  KEY_INVALID: (p) => ({
    message: `${p.source} の鍵は使えません（${reason(p.problem)}）。`,
    hint: '鍵は 1 行のテキスト、または PEM 形式の RSA 鍵です。`npm run backup:keys -- generate` で作成できます。',
  }),
  KEY_FILE_EXISTS: (p) => ({
    message: `${p.file} はすでにあります。唯一の鍵かもしれないため、上書きしません。`,
    hint: '別のファイル名を指定してください。新しい鍵に切り替えるには `npm run backup:keys -- rotate` を実行してください。',
  }),
  KEY_PLACE_UNSAFE: (p) => ({
    message:
      p.target === undefined
        ? `${p.path} は鍵の置き場所に適しません。保存先 ${p.store ?? ''} の中にあるため、バックアップを入手した人は鍵も手に入れてしまいます。`
        : `${p.path} は鍵の置き場所に適しません。対象 ${p.target} に含まれるため、唯一の鍵が、その鍵で暗号化されたバックアップの中だけに残るおそれがあります。`,
    hint: '保存先とすべての対象の外、たとえば ~/.config/ai-backup/ を選んでください。--force を付けると、それでもそこに書き込みます。',
  }),
  RECOVERY_KIT_EXISTS: (p) => ({
    message: `${p.file} はすでにあります。何も書き込んでいません。`,
    hint: '作り直すには --force を付けるか、--output で別の場所を指定してください。',
  }),
  KEY_ROTATED_BY_HAND: (p) => ({
    message:
      p.kind === 'recipients'
        ? 'バックアップは公開鍵あてに暗号化されています。新しい鍵の組を作り、古いものとの入れ替えは手作業で行います。何も変更していません。'
        : `鍵は ${p.source} から得られたもので、このコマンドからは書き換えられません。何も変更していません。`,
    hint: rotationSteps(p),
  }),
  REWRAP_UNAVAILABLE: (p) => ({
    message:
      p.reason === 'no-recipients'
        ? 'storage.recipients が空のため、包み直す相手の公開鍵がありません。何も変更していません。'
        : '公開鍵あてに暗号化されたバックアップはありません。鍵そのもので暗号化されているため、新しいバックアップを作る以外に鍵を変える方法はありません。何も変更していません。',
    hint:
      p.reason === 'no-recipients'
        ? 'storage.recipients に公開鍵のファイルを設定してから、もう一度実行してください。'
        : '新しい鍵にするには、--rewrap を付けずに `npm run backup:keys -- rotate` を実行してください。古い鍵は、それで作ったバックアップがある間は保管してください。',
  }),
  NOT_AUTHENTIC: (p) => ({
    message: `${p.backup} は、この鍵で作成されたままのものではありません（${reason(p.problem)}）。何も変更していません。`,
    hint: '壊れているか、誰かが書き換えました。別のバックアップから復元してください。`npm run backup:verify -- --all` で、無事なものがわかります。',
  }),
  NOT_ENCRYPTED: (p) => ({
    message: `設定では暗号化が求められていますが、${p.backup} は暗号化されていません。誰が作成したかを確かめられません。何も変更していません。`,
    hint:
      p.toConsolidate === true
        ? '暗号化を有効にする前に作成したものであれば、代わりに完全バックアップを作成してください: `npm run backup:create -- --mode full`'
        : '暗号化を有効にする前に作成したものであれば、--force を付けて復元できます。',
  }),
  BACKUP_NOT_FOUND: (p) => ({
    message:
      p.file !== undefined
        ? `${p.file} というファイルはありません。`
        : `${p.store} にバックアップ ${JSON.stringify(p.name)} はありません。${p.nearest === undefined ? '' : `最も近いものは ${p.nearest} です。`}`,
    hint: '`backup:list` を実行すると、バックアップの一覧が表示されます。',
  }),
  BACKUP_AMBIGUOUS: (p) => ({
    message: `${JSON.stringify(p.name)} に当てはまるバックアップが ${p.matches.length} 個あります: ${p.matches.join(', ')}`,
    hint: 'ID をもう少し長く指定してください。',
  }),
  STORE_NOT_FOUND: (p) => ({
    message: `バックアップの保存先 ${p.store} がありません。`,
    hint: '`backup:create` で最初のバックアップを作るか、storage.path にバックアップのある場所を設定してください。',
  }),
  STORE_EMPTY: (p) => ({
    message: `保存先 ${p.store} に完成したバックアップがありません。`,
    hint: '`backup:create` で作成してください。',
  }),
  STORE_UNREADABLE: (p) => ({
    message: `バックアップの保存先 ${p.store} の中を見られませんでした（${reason(p.reason)}）。`,
    hint: 'フォルダであることと読み取り権限を確かめるか、storage.path にバックアップのある場所を設定してください。',
  }),
  BACKUP_UNREADABLE: (p) => ({
    message: `${p.path} を読み取れませんでした（${reason(p.reason)}）。壊れているかどうかは分かりません。`,
    hint: 'バックアップの所有者として実行するか、このユーザーに読み取り権限を与えてください。',
  }),
  STORE_READ_ONLY: (p) => ({
    message: `保存先 ${p.store} に書き込めません（${reason(p.reason)}）。`,
    hint: '権限と、ファイルシステムが読み取り専用でマウントされていないかを確かめるか、storage.path を別の場所にしてください。',
  }),
  STORE_OPEN: (p) => ({
    message:
      p.owner === undefined
        ? `${p.path} にはほかのユーザーも書き込めます（モード ${p.mode}）。バックアップを差し替えたり消したりできるため、何も書き込んでいません。`
        : `${p.path} の所有者はほかのユーザー（ID ${p.owner}）です。バックアップを差し替えたり消したりできるため、何も書き込んでいません。`,
    hint: `\`${p.command}\`${p.owner === undefined ? ' または `npm run backup:doctor -- --repair`' : ''} を実行してください。ほかのユーザーにも書き込ませる場合や、権限のないファイルシステムの場合は storage.allowOthersToWrite を true にしてください。`,
  }),
  STORE_LOCKED: (p) => ({
    message: `別の実行が ${p.store} を使用中です${p.holder === undefined ? '' : `（${p.holder}）`}。${p.waitedSeconds} 秒待ちましたが、空きませんでした。`,
    hint: '終わるのを待つか、--retry-lock 秒数 でもっと長く待つようにしてください。',
  }),
  NO_SPACE: (p) => {
    const hint =
      '空き容量を増やしてから、もう一度実行してください。古いバックアップを消すとどれだけ空くかは `backup:cleanup --dry-run` で分かります。';
    return p.neededBytes === undefined
      ? {
          message: `${p.path} のあるファイルシステムの空き容量がなくなりました（作業: ${reason(p.operation)}）。書きかけのものは削除しました。`,
          hint,
        }
      : {
          message: `作業「${reason(p.operation)}」には ${p.neededBytes} バイト必要ですが、${p.path} のあるファイルシステムの空きは ${p.freeBytes ?? 0} バイトです。何も書き込んでいません。`,
          hint: `${hint} 大半がスパースファイルの穴であれば、--force を付けてリストアしてください。`,
        };
  },
  WRITE_FAILED: (p) => ({
    message: `${p.path} に書き込めませんでした（作業: ${reason(p.operation)}）: ${reason(p.reason)}`,
    hint: 'パスと権限、ディスクの状態を確かめてください。',
  }),
  NAMES_COLLIDE: (p) => ({
    message: `${p.paths.map((path) => JSON.stringify(path)).join(' と ')} はバックアップでは別のものですが、${p.destination} のあるファイルシステムでは同じ名前になります。何も変更していません。`,
    hint: '区別できるファイルシステムに復元する（--to）か、--include で一つずつ復元してください。',
  }),
  ROOT_NOT_FOUND: (p) => ({
    message: `プロジェクトのルート ${p.root} はフォルダではありません。`,
    hint: '--root または BACKUP_ROOT でプロジェクトのフォルダを指定してください。',
  }),
  NOTHING_TO_BACK_UP: (p) => ({
    message: `バックアップするものがありません。${p.targets.join(', ')} の元になるファイルが ${p.root} に一つもありません。`,
    hint: '`backup:init` を実行して守るべきものを探すか、config/config.json に対象を設定してください。',
  }),
  ARCHIVE_DAMAGED: (p) => ({
    message: `アーカイブ ${p.archive} が壊れています: ${reason(p.problem)}`,
    hint:
      p.isMissing === true
        ? `そのパスに戻すか、別のバックアップから復元してください。一覧は \`npm run backup:list\` で見られます。${p.isOfChain === true ? '--force を付けると、チェーンの他のアーカイブにあるものだけを復元できます。' : ''}`
        : '別のバックアップから復元してください。または `backup:verify --check-content` でどこまで無事かを確かめ、--force で無事なものだけを復元してください。',
  }),
  ARCHIVE_UNKNOWN: (p) => ({
    message: `${p.archive} は、ここで読めるアーカイブではありません: ${reason(p.reason)}`,
    hint: '読めるのは .tar、.tar.gz、.tar.bz2、.tar.xz、.tar.zst、.zip のファイルです。',
  }),
  MANIFEST_DAMAGED: (p) => ({
    message: `${p.backup} のマニフェストが壊れています: ${reason(p.problem)}`,
    hint: 'アーカイブが残っていれば、そのファイルを直接指定してください。中にマニフェストの写しがあります。',
  }),
  CONTENT_MISMATCH: (p) => ({
    message: `バックアップ ${p.backup}: ${p.path} がマニフェストの記録と一致しません（${reason(p.problem)}）。何も変更していません。`,
    hint: `\`npm run backup:verify -- ${p.backup} --check-content\` を実行すると、壊れているものがすべて分かります。\`npm run backup:restore -- ${p.backup} --force\` は無事なものだけを復元します。`,
  }),
  RESTORE_DIFFERS: (p) => ({
    message: `${p.backup} から復元した ${p.path} を読み戻したところ、内容が異なります。`,
    hint: 'アプリケーションが同時に書き込んでいないか確認してください。そうでなければディスクを調べてください。復元前の状態は安全バックアップにあります。',
  }),
  UNSAFE_ENTRY: (p) => ({
    message: `${p.archive} に、復元先の外へ書き込もうとする項目があります: ${JSON.stringify(p.path)}（${reason(p.reason)}）。何も書き込んでいません。`,
    hint: 'このアーカイブは本ツールで作られたものではないか、誰かが手を加えています。復元しないでください。',
  }),
  EXTRA_UNKNOWN: (p) => ({
    message: `${p.archive} には対象の範囲が記録されていないため、余分なファイルを判断できません。`,
    hint: '--delete-extra を外してください。本ツールで作成したバックアップでだけ使えます。',
  }),
  DESTINATION_NOT_A_FOLDER: (p) => ({
    message: `復元先 ${p.destination} はフォルダではなくファイルです。何も書き込んでいません。`,
    hint: '--to でフォルダを指定してください。',
  }),
  DESTINATION_IN_STORE: (p) => ({
    message: `復元先 ${p.destination} はバックアップの保存先 ${p.store} の中にあります。何も書き込んでいません。`,
    hint: '保存先の外のフォルダを --to で指定してください。',
  }),
  DESTINATION_BLOCKED: (p) => ({
    message: `${p.path} は復元先では ${reason(p.found)} ですが、バックアップでは ${reason(p.wanted)} です。何も変更していません。`,
    hint: 'それを別の場所に移すか、--to で別のフォルダに復元してください。',
  }),
  DESTINATION_UNWRITABLE: (p) => ({
    message: `${p.destination} への復元は、最後まで行えないため始めませんでした: ${p.paths.join(', ')}。何も変更していません。`,
    hint: 'このユーザーに書き込む権限を与えるか（EROFS: 読み取り専用でマウントされています。EBUSY: ファイル自体がマウントされています）、--to で別のフォルダに復元してください。',
  }),
  RESTORE_PARTIAL: (p) => ({
    message: `${p.backup} の ${p.destination} への復元は途中までしか終わっていません。${p.total} 項目のうち ${p.done} 項目を配置したところで失敗しました: ${reason(p.reason)}`,
    hint:
      p.safetyBackup === undefined
        ? '復元前の状態の安全用バックアップはありません。原因を取り除き、同じ復元をもう一度実行すると、続きから行われます。'
        : `復元前の状態は ${p.safetyBackup} にあります。元に戻すには:\n  ${undoCommand(p.safetyBackup, p.root)}\n原因を取り除き、同じ復元をもう一度実行すれば、続きから行われます。`,
  }),
  SAFETY_INCOMPLETE: (p) => ({
    message: `上書きされるものが安全バックアップに入っていません: ${p.paths.join('、')}${p.count > p.paths.length ? ` ほか ${p.count - p.paths.length} 件` : ''}。何も変更していません。`,
    hint:
      p.secrets > 0
        ? '.env などの秘密を含むファイルは、暗号化せずに保存されることはありません。--encryption-key FILE で鍵を指定すると、安全バックアップに暗号化して保存されます。または、手元で別の場所に写してから --skip-backup で安全バックアップなしに続けるか、--include や --targets で除外してください。'
        : '読み取れるようにするか別の場所に写すか、--include や --targets で除外するか、失ってもよければ --skip-backup で安全バックアップなしに続けてください。',
  }),
  CONFIRMATION_NEEDED: (p) => ({
    message: `${p.command} はファイルを変更するため確認が必要ですが、尋ねるための端末がありません。`,
    hint: '--dry-run で計画を確かめてから、--yes を付けて実行してください。',
  }),
  NOT_CONFIRMED: () => ({ message: '確認されなかったため中止しました。何も変更していません。' }),
  DATABASE_LOCKED: (p) => ({
    message: `データベース ${p.database} は別のプロセスにロックされたままでした（${p.waitedSeconds} 秒待機）。`,
    hint: 'ロックしているプロセスのトランザクションを終わらせてから、もう一度実行してください。',
  }),
  DATABASE_CORRUPT: (p) => ({
    message: `データベース ${p.database} が壊れています: ${reason(p.problem)}`,
    hint: '古いバックアップから復元するか、`sqlite3 ファイル .recover` で修復してください。',
  }),
  DATABASE_COPY_FAILED: (p) => ({
    message: `データベース ${p.database} を完全にはコピーできませんでした: ${reason(p.problem)}`,
    hint: 'もう一度実行してください。それでも失敗するときはディスクを点検してください。',
  }),
  SQLITE_NOT_BUILT: () => ({
    message: 'この Node 用の better-sqlite3 がビルドされていません。',
    hint: '`npm rebuild better-sqlite3` を実行してください。npm 12 以降では、先に `npm install-scripts approve better-sqlite3` が必要です。',
  }),
  SCHEDULE_UNKNOWN: (p) => ({
    message: `スケジュール ${JSON.stringify(p.name)} はありません。`,
    hint:
      p.known.length === 0
        ? 'スケジュールが設定されていません。config/config.json の backup.schedule に cron 式を設定してください。'
        : `使えるスケジュール: ${p.known.join(', ')}`,
  }),
  SCHEDULE_NONE: () => ({
    message: 'スケジュールが設定されていません。',
    hint: 'config/config.json の backup.schedule に "0 2 * * *" のような cron 式を設定してください。',
  }),
  INTERRUPTED: () => ({ message: '中断されました。作りかけのものは残していません。' }),
  UNEXPECTED: (p) => ({
    message: p.problem,
    hint: '--verbose を付けて実行すると、どこで失敗したかが分かります。',
  }),
};

function rotationSteps({
  source,
  kind,
}: {
  source: string;
  kind: 'text' | 'command' | 'settings' | 'recipients';
}): string {
  if (kind === 'recipients') {
    return [
      '次の手順で行ってください。',
      '1. npm run backup:keys -- generate --rsa NEW',
      '2. 設定の storage.recipients で、古いファイルを NEW.public.pem に置き換えます。新しいバックアップはその鍵あてに暗号化されます。',
      '3. 既存のバックアップには: npm run backup:keys -- rotate --rewrap --encryption-key ./OLD.private.pem',
      '4. `npm run backup:keys -- check --encryption-key ./NEW.private.pem` で、開けることを確認します。',
    ].join('\n');
  }
  return [
    '次の手順で行ってください。',
    '1. npm run backup:keys -- generate ~/.config/ai-backup/new.key',
    '2. 古い鍵を 1 行のテキストとして、保存先とすべての対象の外にあるモード 0600 のファイルに書き、そのパスを storage.oldKeyFiles に加えます。',
    kind === 'command'
      ? `3. ${source} のコマンドが読み取る場所に、新しい鍵を保存します。`
      : `3. ${source} の古い鍵を新しい鍵に置き換えます。または、それを取り除き、BACKUP_ENCRYPTION_KEY_FILE に新しいファイルを設定します。`,
    '4. `npm run backup:keys -- check` で、どの鍵でどのバックアップが開くかを確認します。',
  ].join('\n');
}
