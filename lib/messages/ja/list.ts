import type { Messages } from '../messages.ts';

export const list: Messages['list'] = {
  describe: 'バックアップを新しい順に一覧表示する',
  backupDir: '設定とは別の保存先',
  empty: (store) => `${store} にはまだバックアップがありません。\`backup:create\` で作成してください。`,
  id: 'ID',
  date: '日時',
  type: 'タイプ',
  mode: 'モード',
  size: 'サイズ',
  marks: '状態',
  types: { manual: '手動', scheduled: '定期', 'pre-restore': '復元前', api: 'API' },
  verified: '検証済み',
  incomplete: '不完全',
  encrypted: '暗号化',
  limited: (date) => `${date} 以降のみ`,
  total: (count, size) => `合計: ${count} 件のバックアップ、${size}`,
  otherArchives: '他のツールで作成されたアーカイブ（パスを指定して検証・復元できます）:',
  unreadable: '読み取れないバックアップらしきフォルダ:',
};
