import type { Messages } from '../messages.ts';

export const consolidate: Messages['consolidate'] = {
  describe: '連なったバックアップから、プロジェクトを読まずに新しい完全バックアップを作成する',
  backup: 'ID、その先頭部分、名前、latest（既定）、またはアーカイブのパス',
  name: '新しいバックアップを見つけるための名前',
  dryRun: 'そのまま写すものと圧縮し直すものを表示するだけ',
  done: (id, source) => `完全バックアップを作成しました: ${id}（${source} から）`,
  incomplete: '元のバックアップと同じく不完全です: 作成時に読めなかったものがあります。',
  planned: (source) => `${source} の完全バックアップに含まれるもの:`,
  content: '内容',
  contentText: (files, size) => `${files.toLocaleString('ja')} ファイル、${size}`,
  stored: '保存サイズ',
  copied: 'そのまま写した量',
  copiedText: (size) => `${size}（保存された形のまま）`,
  repacked: '圧縮し直した量',
  took: '所要時間',
  where: '保存先',
  nextCheck: '検証',
  nextCleanup: (count) => `元になった ${count} 件は、保持設定に従って削除できます`,
  standsAlone: {
    full: (id) => `${id} はすでに完全バックアップです。することはありません。`,
    zip: (id) => `${id} は zip で、ほかのバックアップを必要としません。することはありません。`,
    directory: (id) => `${id} はそのままのファイルで、ほかのバックアップを必要としません。することはありません。`,
  },
};
