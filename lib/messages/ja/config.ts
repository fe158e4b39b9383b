import type { Messages } from '../messages.ts';

export const config: Messages['config'] = {
  describe: '設定の表示・検査・変更',
  showConfig: '有効な設定と、それぞれの出どころを表示する（何も指定しないときの動作）',
  check: '設定が正しいかどうかを検査する',
  setOption: '設定をひとつ変更する: key=value（例 storage.path=./backups）。null で取り除く。繰り返し指定できる',
  configFile: '設定ファイル（--config と同じ）',
  keyAndValue: 'key=value（例 retention=14）',
  heading: (root) => `${root} の設定`,
  fromFile: (file) => `${file} より。行番号のないものは既定値`,
  allDefault: '設定ファイルがないため、すべて既定値です。',
  atLine: (line) => `${line} 行目`,
  byDefault: '既定値',
  valid: (file, targets, schedules) => `${file}: 正しい設定です（対象 ${targets} 件、スケジュール ${schedules} 件）。`,
  validDefaults: '設定ファイルはありません。既定値が有効です。',
  isSet: (key, file) => `${file} の ${key} を設定しました。`,
  isTakenOut: (key, file) => `${file} から ${key} を取り除きました。`,
  fileMade: (file) => `${file} を作成しました。`,
  keyInFile:
    'storage.encryptionKey に秘密の値そのものが書かれています。環境変数に移し、"${BACKUP_ENCRYPTION_KEY}" と書いてください。',
};
