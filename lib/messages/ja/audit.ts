import type { Messages } from '../messages.ts';

export const audit: Messages['audit'] = {
  describe: '保存先の監査ログを検査する、または新しい行を表示する',
  action: 'verify: 検査する、show: 表示する',
  last: '表示する行数',
  lastExpected: '1 以上の整数',
  lastOfShow: 'オプション --last は `audit show` のものです。',
  none: '監査ログはまだありません。次の操作から記録されます。',
  ok: (lines, files) =>
    `監査ログに問題はありません（${files} 個のファイル、${lines} 行）。記録にあるバックアップはすべて揃っています。`,
  faulty: (count) => `監査ログに ${count} 件の問題があります:`,
  more: (count) => `… ほか ${count} 件（--verbose ですべて表示）`,
  macs: {
    none: '鍵を使って書かれた行はありません。検査したのはハッシュの連鎖だけで、保存先に書き込める人なら作り直せます。',
    checked: (count) => `鍵で確認した行: ${count} 行。`,
    unchecked: (count) =>
      `鍵で確認していない行: ${count} 行。--encryption-key FILE で鍵を指定してください。鍵がなければハッシュの連鎖だけを検査します。`,
  },
  heading: {
    seq: '番号',
    date: '日時',
    act: '操作',
    outcome: '結果',
    backup: 'バックアップ',
    who: '実行者',
    facts: '',
  },
  acts: {
    create: '作成',
    verify: '検証',
    restore: '復元',
    cleanup: '整理',
    consolidate: '統合',
    config: '設定変更',
    keys: '鍵',
  },
  outcomes: {
    begun: '開始',
    done: '完了',
    incomplete: '不完全',
    'found-problems': '問題あり',
    refused: '拒否',
    failed: '失敗',
    interrupted: '中断',
  },
  shown: (shown, total) => `${total} 行のうち ${shown} 行。内容の検査は \`audit verify\` で行います。`,
  unreadable: (count) => `${count} 行を読み取れません。どの行かは \`audit verify\` が示します。`,
};
