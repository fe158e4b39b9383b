import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';

const join = (folder: Buffer, name: Buffer | string): Buffer =>
  Buffer.concat([folder, Buffer.from('/'), Buffer.from(name)]);

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Names that a file may have on Linux and that somebody's program gets wrong. */
export const oddNames: readonly (string | Buffer)[] = [
  'new\nline',
  `it's "quoted"`,
  '-rf',
  '--checkpoint-action=exec=sh',
  'x'.repeat(255),
  '名'.repeat(85),
  '🗄️ box.txt',
  latin1('caf\xe9.txt'),
  Buffer.concat([latin1('\xff\xfe'), Buffer.from('🗄')]),
  'back\\slash',
  '..\\..\\up',
  'C:\\windows',
  '[a-z]*?{x,y}!(b)',
  '*',
  '\ufffd',
  '\ufffd and \\udce9',
  ' space at both ends ',
  'tab\tand\u0001control\u007f',
  '.hidden',
  '...',
  '..two',
  'trailing.',
  '~',
  '$HOME `id` $(id) %41 #x;&|<>',
  'é composed',
  'e\u0301 decomposed',
  '\u202egpj.exe',
  '__proto__',
  'constructor',
  'NUL',
];

/** Sizes around tar's blocks, a frame of 1 MiB with its header of 512 bytes, and nothing. */
export const oddSizes: readonly number[] = [
  ...[0, 1, 511, 512, 513, 4095, 4096],
  ...[-1024, -1023, -513, -512, -511, -1, 0, 1, 512].map((more) => (1 << 20) + more),
  (2 << 20) - 512,
  (2 << 20) + 1,
];

/**
 * Fills a folder with everything that a filesystem allows: odd names of files, folders and links, links of all kinds, modes,
 * times, empty things, sizes around the borders of blocks and frames.
 * @param outside a folder outside, which links lead to.
 */
export function fillWithOddFiles(folder: string, outside: string): void {
  const root = Buffer.from(folder);
  const make = (name: string): Buffer => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const names = make('names');
  oddNames.forEach((name, number) => writeFileSync(join(names, name), `file ${number}\n`));
  const folders = make('folders');
  for (const name of oddNames) {
    mkdirSync(join(folders, name));
    writeFileSync(join(join(folders, name), 'inside'), 'inside\n');
  }
  const deep = Array.from({ length: 8 }, (_, level) => `level-${level}-${'深'.repeat(20)}`).join('/');
  writeFileSync(join(make(`deep/${deep}`), 'bottom'), 'bottom\n');
  make('empty/folder/in/a/folder');
  const sizes = make('sizes');
  for (const size of oddSizes) writeFileSync(join(sizes, String(size)), randomBytes(size));
  makeLinks(make('links'), outside);
  makeModes(make('modes'));
  makeTimes(make('times'));
}

function makeLinks(folder: Buffer, outside: string): void {
  const link = (target: string | Buffer, name: string | Buffer): void => symlinkSync(target, join(folder, name));
  link('../names/.hidden', 'to a file');
  link('../names', 'to a folder');
  link(outside, 'to a folder outside');
  link('../../../../../../etc/hosts', 'out of the project');
  link('/etc/hosts', 'absolute');
  link('nowhere', 'dangling');
  link('itself', 'itself');
  link('..', 'to its parent');
  link('long/'.repeat(60), 'to a long path');
  link(latin1('caf\xe9.txt'), 'to bytes');
  for (const name of oddNames) link(name, Buffer.concat([Buffer.from('l'), Buffer.from(name).subarray(0, 254)]));
}

function makeModes(folder: Buffer): void {
  for (const mode of [0o400, 0o444, 0o600, 0o640, 0o644, 0o755, 0o777]) {
    const file = join(folder, `file-${mode.toString(8)}`);
    writeFileSync(file, mode.toString(8));
    chmodSync(file, mode);
  }
  for (const mode of [0o500, 0o700, 0o750, 0o1777, 0o2775]) {
    const path = join(folder, `folder-${mode.toString(8)}`);
    mkdirSync(path);
    writeFileSync(join(path, 'inside'), mode.toString(8));
    chmodSync(path, mode);
  }
}

/** Files, folders and links of certain times, to the nanosecond; before 1970 and after 2038 too. */
function makeTimes(folder: Buffer): void {
  const times = ['0', '1.000000001', '1699999999.999999999', '1234567890.123456789', '-86400.5', '4102444800.25'];
  for (const time of times) {
    writeFileSync(join(folder, `file ${time}`), time);
    mkdirSync(join(folder, `folder ${time}`));
    writeFileSync(join(join(folder, `folder ${time}`), 'inside'), time);
    symlinkSync('nowhere', join(folder, `link ${time}`));
  }
  for (const name of readdirSync(folder.toString())) {
    const time = name.slice(name.indexOf(' ') + 1);
    execFileSync('touch', ['--no-dereference', '-d', `@${time}`, join(folder, name).toString()]);
  }
}
