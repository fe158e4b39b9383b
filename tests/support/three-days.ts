import { randomBytes } from 'node:crypto';
import type { HandMade } from './hand-made-chain.ts';

const oddNames = [
  `it's "quoted"`,
  'new\nline',
  'back\\slash\\',
  'back\\nslash',
  'a","kind":"symlink","size":7',
  '-rf',
  '$(touch hacked)',
  '日本語 🗄️',
  'caf\udce9',
  '\udcff\udcfe🗄',
  'tab\tand\u0001control\u007f',
  ' space at both ends ',
  '*',
];

/** Full, and two that build on it: day by day, what each backup holds. */
export function threeDays(): Map<string, HandMade>[] {
  const large = randomBytes(50_000);
  const database = randomBytes(64_000);
  const first = new Map<string, HandMade>([
    ['state', { kind: 'directory', mode: '0750', seconds: 1_600_000_000 }],
    ['state/empty folder', { kind: 'directory', mode: '0500' }],
    ['state/link', { kind: 'symlink', linkTarget: "no'where\n", seconds: 1_500_000_000 }],
    ['state/empty', { kind: 'file', content: Buffer.alloc(0), stored: 'whole' }],
    ['state/one', { kind: 'file', content: Buffer.from('1'), mode: '0600', stored: 'whole' }],
    ['state/changes', { kind: 'file', content: Buffer.from('first'), stored: 'whole' }],
    ['state/goes', { kind: 'file', content: Buffer.from('gone tomorrow'), stored: 'whole' }],
    ['deep/er/than/its folders/run.sh', { kind: 'file', content: Buffer.from('#!'), mode: '4755', stored: 'whole' }],
    ['uploads/large', { kind: 'file', content: large, seconds: 3, stored: 'whole' }],
    ['database/app.db', { kind: 'file', content: database, stored: 'whole' }],
    ...oddNames.map((name): [string, HandMade] => [
      `odd/${name}`,
      { kind: 'file', content: Buffer.from(`content of ${name}`), stored: 'whole' },
    ]),
    ...oddNames.map((name): [string, HandMade] => [`odd folders/${name}`, { kind: 'directory', mode: '0700' }]),
    ['odd links/bytes', { kind: 'symlink', linkTarget: 'caf\udce9' }],
    ['odd links/option', { kind: 'symlink', linkTarget: '-s' }],
  ]);
  const same = (day: Map<string, HandMade>): Map<string, HandMade> =>
    new Map(
      [...day].map(([path, made]) => [
        path,
        made.kind === 'file' && made.content.length > 0 ? { ...made, stored: { like: path } } : made,
      ]),
    );

  const second = same(first);
  second.delete('state/goes');
  second.set('state/changes', { kind: 'file', content: Buffer.from('the second'), seconds: 9, stored: 'whole' });
  second.delete('uploads/large');
  second.set('uploads/moved', { kind: 'file', content: large, mode: '0640', stored: { like: 'uploads/large' } });
  const databaseOnDay2 = Buffer.concat([database, randomBytes(5_000)]);
  randomBytes(3_000).copy(databaseOnDay2, 20_000);
  randomBytes(10).copy(databaseOnDay2, 0);
  second.set('database/app.db', {
    kind: 'file',
    content: databaseOnDay2,
    stored: { blocksOf: 'database/app.db', blockBytes: 1024 },
  });

  const third = same(second);
  const databaseOnDay3 = Buffer.from(databaseOnDay2.subarray(0, 60_500));
  randomBytes(3_000).copy(databaseOnDay3, 22_000);
  third.set('database/app.db', {
    kind: 'file',
    content: databaseOnDay3,
    stored: { blocksOf: 'database/app.db', blockBytes: 1024 },
  });
  third.set('uploads/of today', { kind: 'file', content: randomBytes(9_999), stored: 'whole' });
  third.set('state/link', { kind: 'symlink', linkTarget: 'one' });
  return [first, second, third];
}
