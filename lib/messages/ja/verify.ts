import type { Messages } from '../messages.ts';

export const verify: Messages['verify'] = {
  describe: 'バックアップが完全であることを確かめる',
  backup: 'ID、その先頭部分、名前、latest（既定）、またはアーカイブのパス',
  checkIntegrity: '保存されたバイト列を検査する（既定）',
  checkContent: 'すべてのファイルのハッシュとデータベースの整合性も検査する',
  all: '保存先のすべてのバックアップ',
  allOrOne: '--all とバックアップ名は同時に指定できません。',
  levels: { integrity: '保存されたバイト列', content: 'すべてのファイルとデータベース' },
  ok: (id) => `${id} は完全です`,
  damaged: (id, count) => `${id} は破損しています: ${count} 件の問題`,
  checked: (level, files, size, time, rate) =>
    `検査内容: ${level}、${files}、${size} を ${time} で読み取り（${rate}/秒）`,
  more: (count) => `… ほか ${count} 件（--verbose ですべて表示）`,
};
