import type { Messages } from '../messages.ts';

export const verify: Messages['verify'] = {
  describe: 'バックアップが完全であることを確かめる',
  backup: 'ID、その先頭部分、名前、latest（既定）、またはアーカイブのパス',
  checkIntegrity: '保存されたバイト列を検査する（既定）',
  checkContent: 'すべてのファイルのハッシュとデータベースの整合性も検査する',
  readDataSubset: '一部だけを読み取る: 10%、500M、または 7 分割の 1 番目なら 1/7',
  subsetForm: '割合（10%）、サイズ（500M）、または何分割の何番目か（1/7）',
  subsetOrContent: '--check-content と --read-data-subset は同時に指定できません。',
  all: '保存先のすべてのバックアップ',
  allOrOne: '--all とバックアップ名は同時に指定できません。',
  levels: {
    integrity: '保存されたバイト列',
    content: 'すべてのファイルとデータベース',
    subset: '保存されたバイト列の一部',
  },
  ok: (id) => `${id} は完全です`,
  partOk: (id) => `${id}: 読み取った部分は完全です`,
  partEmpty: (id) => `${id}: この部分には何も含まれないため、何も検査していません`,
  partOf: (read, total) => `${total} のうち ${read}`,
  damaged: (id, count) => `${id} は破損しています: ${count} 件の問題`,
  unreadable: (id) => `${id} は読み取り権限がなく検査できませんでした`,
  checked: (level, files, size, time, rate) =>
    `検査内容: ${level}、${files}、${size} を ${time} で読み取り（${rate}/秒）`,
  makeNew: '新しいバックアップを作る: npm run backup:create',
  restoreWhole: (id) => `壊れていないものを戻す:   npm run backup:restore -- ${id} --force`,
  more: (count) => `… ほか ${count} 件（--verbose ですべて表示）`,
};
