import type { Messages } from '../messages.ts';

export const keys: Messages['keys'] = {
  describe: '鍵を作成・確認・変更し、復旧キットを出力する',
  action:
    'generate は鍵を作成、check は鍵で開けるバックアップを確認、recovery-kit は印刷用のページを出力、rotate は新しい鍵に切り替える',
  file: 'generate: 新しい鍵のファイル（既定: プロジェクトのルートの .ai-backup.key）',
  rsa: 'generate: RSA 鍵の組を作る（このマシンはバックアップを作成できても読めなくなる）',
  force: 'generate、recovery-kit: バックアップされる場所にも書き込む。recovery-kit: 既存のファイルを上書きする',
  output: 'recovery-kit: フォルダ、または .html か .txt で終わるファイル（既定: プロジェクトのルート）',
  withKey: 'recovery-kit: 鍵そのものを載せる',
  withoutKey: 'recovery-kit: 鍵を載せず、入手の手順だけを載せる',
  rewrap: 'rotate: すべてのバックアップの秘密を storage.recipients の公開鍵あてに包み直す',
  notOfAction: (option, action) => `keys ${action} に ${option} はありません`,
  noAction: 'keys には generate、check、recovery-kit、rotate のいずれかを指定してください',
  bothWays: '--with-key と --without-key は同時に指定できません',

  made: (file) => `鍵 ${file} を作成しました（モード 0600）。`,
  pairMade: (privateFile, publicFile) => `秘密鍵 ${privateFile}（モード 0600）と公開鍵 ${publicFile} を作成しました。`,
  fingerprint: (fingerprint) => `公開鍵のフィンガープリント: ${fingerprint}`,
  ignored: (line) => `.gitignore に ${line} を追加しました。`,
  next: '次にすること:',
  nextSecret: {
    use: (variable) => `.env に次の行を書き、鍵の場所を示します:\n${variable}`,
    encrypt:
      'すべてのバックアップを暗号化するように設定します:\nnpm run backup:config -- --set-option storage.encrypt=true',
    keep: 'パスワードマネージャーなど、別の場所にも鍵の控えを保管します。\n鍵がなければ、あなた自身もバックアップを開けません。',
    print: '鍵と復元の手順を印刷します:\nnpm run backup:keys -- recovery-kit',
  },
  nextPair: {
    keep: '秘密鍵をこのマシンから移し、もう一か所にも控えを保管します。\n秘密鍵がなければ誰もバックアップを開けません。',
    use: (recipients) =>
      `すべてのバックアップを公開鍵あてに暗号化するように設定します:\nnpm run backup:config -- --set-option '${recipients}' --set-option storage.encrypt=true`,
    restore: '確認や復元のときは --encryption-key FILE で秘密鍵を指定します。',
    print: '復元の手順を印刷します:\nnpm run backup:keys -- recovery-kit',
  },

  heading: { backup: 'バックアップ', encrypted: '暗号化', opens: '開ける鍵' },
  yes: 'あり',
  no: 'なし',
  needsNone: '鍵は不要',
  newBackups: (source) => `新しいバックアップは ${source} の鍵で暗号化されます。`,
  newBackupsTo: (fingerprints) => `新しいバックアップは公開鍵 ${fingerprints} あてに暗号化されます。`,
  newBackupsNone: '暗号化が求められていますが、鍵が指定されていないため、新しいバックアップを作れません。',
  newBackupsPlain: '新しいバックアップは暗号化されません（storage.encrypt が false です）。',
  noBackups: 'バックアップはまだありません。',
  allOpen: (count) => `暗号化されたバックアップ ${count} 件すべてを鍵で開けます。`,
  noneEncrypted: '暗号化されたバックアップはありません。',
  newestOpens: (id) => `暗号化された最新のバックアップ ${id} は開けます。`,
  newestFails: (id) => `暗号化された最新のバックアップ ${id} を開けません。`,
  someFail: (count, total) => `${total} 件のうち ${count} 件のバックアップを開けません。`,
  reasons: {
    KEY_MISSING: '鍵が指定されていない',
    KEY_WRONG: '合う鍵がない',
    KEY_UNREADABLE: '鍵を読み取れない',
    KEY_INVALID: '鍵が使えない',
    NOT_AUTHENTIC: '鍵は合うが、書き換えられている',
    MANIFEST_DAMAGED: '壊れている',
    BACKUP_UNREADABLE: '読み取れない',
    WRAPPED_KEY_MISSING: 'wrapped.key がない',
  },

  kitWritten: (file) => `${file} を書き込みました（モード 0600）。`,
  kitHoldsKey:
    '鍵がそのまま載っています。印刷して、しかるべき人だけが取り出せる場所に保管し、ファイルは削除してください。',
  kitWithoutKey: '鍵は載っていません。鍵は別の場所に保管してください。',
  kitNoBackup:
    '暗号化されたバックアップはまだありません。最初のバックアップの後で作り直すと、そのバックアップの名前が入ります。',

  rotated: (file) => `${file} に新しい鍵を書き込みました。次のバックアップは full になり、この鍵で暗号化されます。`,
  oldKept: (file, settings) =>
    `古い鍵は ${file} に移し、${settings} の storage.oldKeyFiles に加えました。この鍵で開くバックアップがある間は保管してください。`,
  nextRotated: [
    '新しい鍵の控えを別の場所に保管し、印刷します:\nnpm run backup:keys -- recovery-kit',
    'どの鍵でどのバックアップが開くかを確認します:\nnpm run backup:keys -- check',
  ],
  rewrapped: (count, total) => `バックアップ ${count} 件の秘密を ${total} 個の公開鍵あてに包み直しました:`,
  rewrappedNone: '包み直すものはありませんでした。',
  alreadyWrapped: (count) => `${count} 件はすでにこれらの公開鍵あてでした。`,
  direct: (count) => `${count} 件は鍵そのもので暗号化されているため、そのままです。--rewrap は公開鍵専用です。`,
  notRewrapped: (id, reason) => `${id} はそのままです: ${reason}`,
};
