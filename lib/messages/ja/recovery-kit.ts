import type { Messages } from '../messages.ts';

export const recoveryKit: Messages['recoveryKit'] = {
  title: '復旧キット',
  project: 'プロジェクト',
  folder: 'フォルダ',
  store: 'バックアップ',
  host: 'マシン',
  made: '作成日時',
  newest: '最新のバックアップ',
  none: '暗号化されたものはまだない',
  holdsKey:
    'このページには鍵がそのまま載っています。手にした人は、すべてのバックアップを読めます。しかるべき人だけが取り出せる場所に保管し、印刷に使ったファイルは削除してください。',
  withoutKey: 'このページに鍵は載っていません。鍵がなければ誰もバックアップを開けません。',

  keyHeading: '鍵',
  keyLine: (length) =>
    `${length} 文字の 1 行です。見やすくするための間隔は鍵に含まれません。コードの内容も同じ 1 行です。`,
  keyHex: '数字の 0 から 9 と、小文字の a から f だけでできています。',
  keyRaw: 'テキストではないため、各バイトを 16 進数で示しています。下のコマンドで書き出せます。',
  keyInFile: (file) => `鍵は、上記のマシンの ${file} にあります。控えを別の場所に保管してください。`,
  keyFrom: (source) => `鍵は ${source} に設定されています。そこから、または控えの保管場所から取り出してください。`,
  keyFromCommand: (source, command) => `鍵は、次のコマンドの出力です（${source}）: ${command}`,
  keyFromSecretCommand: (source) =>
    `鍵は ${source} のコマンドの出力です。コマンド自体が秘密を含むおそれがあるため、ここには載せていません。下のコマンドが入力を待ったら、鍵を貼り付けて Enter、続いて Ctrl-D を押してください。`,
  recipients: 'バックアップは次の公開鍵あてに暗号化されています。開くには、そのどれか一つの秘密鍵が必要です。',
  recipient: (file, fingerprint) => `${file}: ${fingerprint}`,
  privateFits: '秘密鍵が正しいかどうかは次のコマンドで確かめられます。上のフィンガープリントのどれかが表示されます。',
  privateKey: 'PEM 形式の秘密鍵です。コードにも分割して収めてあります。読み取った内容を順番につなげてください。',

  handHeading: '最新のバックアップを手作業で開く',
  exampleHeading: 'バックアップを手作業で開く',
  handNeeds:
    'バックアップまたはその写しと、openssl 1.1.1 以降、tar、gzip、sha256sum のあるシェルが必要です。バックアップが別の場所にあるときは、最初の行を書き換えてください。作業は新しいフォルダ recovery の中で行います。字下げされた行は、上の行の続きです。',
  exampleNote:
    'このページの作成時点では、暗号化されたバックアップはありませんでした。BACKUP-ID を実際の ID に置き換えてください。最初のバックアップの後で、このページを作り直してください。',
  checkNote:
    '保存されているものを確かめます。どの行も OK で終わるはずです。そうでなければ、別のバックアップを使ってください。',
  openNote: 'アーカイブとマニフェストを復号します。マニフェストには、すべてのファイルの SHA-256 があります。',
  openChainNote: (count) =>
    `アーカイブとマニフェストを復号します。マニフェストには、すべてのファイルの SHA-256 があります。このバックアップは、ほかの ${count} 個のバックアップを基にしています。`,
  unpackNote: 'フォルダ restored にすべて展開し、各ファイルを確かめます。',
  chainNote: 'RESTORE.md の中のスクリプトで、フォルダ restored にファイルを組み立て、各ファイルを確かめます。',
  environmentNote: '.env ファイルは、一つのテキストとして取り出せます。',
  backNote: (file) =>
    `どれをプロジェクトのどこに戻すかは、バックアップと一緒にある ${file} に書いてあります。このファイルは暗号化されていません。`,

  toolkitHeading: 'ツールで復元する',
  toolkitNote:
    '新しくクローンしたプロジェクトで、同じシェルから実行します。最初の行はまだフォルダ recovery の中で実行します。一つ目の復元は計画を示すだけで、二つ目が実際に復元します。',
  otherHeading: 'ほかのバックアップ',
  otherNote:
    'どのバックアップにも、保存先に ID と同じ名前のフォルダがあります。その中の metadata.json は暗号化されておらず、archive.file がアーカイブの名前です。確かめるためのハッシュもそこにあります。',
  page: (number, total) => `コード ${number} / ${total}`,
};
