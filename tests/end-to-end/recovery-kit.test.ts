import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'uqr';
import { makeKeyPair } from '../support/make-key-pair.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { run, type Ended } from '../support/run-tool.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

const tool = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'ai-backup.mjs');

let project: TestProject;
let key: string;

beforeEach(() => {
  project = new TestProject();
  project.write('package.json', '{"name": "poppo-suite"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
  project.write('state/deep/big.bin', seededBytes(1, 2_500_000));
  project.write('.env', 'API_TOKEN=hunter2-and-more\n');
  project.settings({ storage: { encrypt: true } });
  key = project.beside('my.key');
});

afterEach(() => project.remove());

/** The pages: what they are called, and what is on them. */
interface Kit {
  txt: string;
  html: string;
}

async function kitOf(...args: string[]): Promise<Kit> {
  const folder = project.beside('kit');
  await project.done('keys', 'recovery-kit', '--output', folder, '--force', ...args);
  const page = (form: string): string => readFileSync(join(folder, `ai-backup-recovery-kit.${form}`), 'utf8');
  return { txt: page('txt'), html: page('html') };
}

/** The commands on a page, block by block. */
function blocksOf(page: string): string[] {
  if (!page.startsWith('<!doctype')) return [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);
  return [...page.matchAll(/<pre>(.*?)<\/pre>/gs)].map((match) =>
    [...match[1]!.matchAll(/<code>(.*?)<\/code>/gs)]
      .map((line) =>
        line[1]!
          .replace(/&lt;/g, '<')
          .replace(/&gt;/g, '>')
          .replace(/&quot;/g, '"')
          .replace(/&amp;/g, '&'),
      )
      .join('\n')
      .concat('\n'),
  );
}

/**
 * Runs what stands on the page, as it stands there, in an empty folder. The last block, which restores with the toolkit, only
 * where that is what a test is about.
 */
async function runPage(
  page: string,
  edit: (script: string) => string = (script) => script,
  isWithToolkit = false,
): Promise<Ended> {
  const folder = project.beside(`hand-${readdirSync(project.folder).length}`);
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh, { recursive: true });
  const blocks = blocksOf(page);
  const script = edit(blocks.slice(0, isWithToolkit ? undefined : -1).join(''))
    .replace('cd /path/to/the/project', `cd ${fresh}`)
    .replace('npm ci\n', '')
    .replace('--encryption-key "$KEY"\n', '--encryption-key "$KEY" --yes\n')
    .replaceAll('npx ai-backup', `'${process.execPath}' '${tool}'`);
  const ended = await run('sh', ['-ec', script], { cwd: folder });
  const complaints = ended.stderr.replace(/^(note|warning):.*\n/gm, '');
  expect({ code: ended.code, complaints }).toEqual({ code: 0, complaints: '' });
  expect(ended.stdout).toContain('all files are as the manifest says\n');
  expect(ended.stdout).not.toMatch(/FAILED|MISTYPED/);
  const own = contents(project.path('state'));
  expect(contents(join(folder, 'recovery', 'restored', 'state'))).toEqual(own);
  if (isWithToolkit) expect(contents(join(fresh, 'state'))).toEqual(own);
  expect(readFileSync(join(folder, 'recovery', 'env.txt'), 'utf8')).toContain('API_TOKEN=hunter2-and-more\n');
  expect(statSync(join(folder, 'recovery')).mode & 0o777).toBe(0o700);
  return ended;
}

const contents = (folder: string): [string, string | undefined][] =>
  [...snapshotTree(folder)].map(([path, { sha256 }]): [string, string | undefined] => [path, sha256]).sort();

const withKey = (file: string): string[] => ['--encryption-key', file];

describe('the commands of a recovery kit give the files back', () => {
  test('with the key on it, the same on both pages; by hand, and with the toolkit', async () => {
    await project.done('keys', 'generate', key);
    await project.done('create', ...withKey(key));
    const { txt, html } = await kitOf(...withKey(key));
    expect(blocksOf(html)).toEqual(blocksOf(txt));
    await runPage(html, (script) => script, true);
  });

  test('without the key, which is copied from its file; also one of other bytes than text', async () => {
    writeFileSync(key, seededBytes(2, 32), { mode: 0o600 });
    await project.done('create', ...withKey(key));
    const { txt, html } = await kitOf('--without-key', ...withKey(key));
    expect(txt).toContain(key);
    expect(txt + html).not.toContain(readFileSync(key).toString('hex'));
    await runPage(txt);
    await runPage((await kitOf(...withKey(key))).html);
  });

  test.each([
    ['quotes and blanks', Buffer.from(` it's a "key" with $HOME, \`ls\` & <b>, -n\\t `)],
    ['Japanese', Buffer.from('正しい馬 電池 ホチキス')],
    ['no UTF-8', Buffer.from([0x6b, 0xe9, 0x79, 0x27, 0xff, 0x5c, 0x30])],
  ])('with a key of %s', async (_, secret) => {
    writeFileSync(key, Buffer.concat([secret, Buffer.from('\n')]), { mode: 0o600 });
    await project.done('create', ...withKey(key));
    const { txt, html } = await kitOf(...withKey(key));
    await runPage(txt);
    expect(blocksOf(html)).toEqual(blocksOf(txt));
  });

  test('of a zip, and of an archive that lies elsewhere', async () => {
    await project.done('keys', 'generate', key);
    await project.done('create', '--format', 'zip', ...withKey(key));
    await runPage((await kitOf(...withKey(key))).txt);
    mkdirSync(project.beside('disk 2'));
    await project.done('create', '--output', project.beside('disk 2'), ...withKey(key));
    await runPage((await kitOf(...withKey(key))).txt);
  });

  test('of a backup that builds on others', async () => {
    await project.done('keys', 'generate', key);
    await project.done('create', ...withKey(key));
    changeFiles();
    const { id } = await project.done<Created>('create', '--mode', 'incremental', ...withKey(key));
    const { txt } = await kitOf(...withKey(key));
    expect(txt).toContain(`ID=${id}\n`);
    await runPage(txt);
  });

  test('with the private key of any recipient, also of a chain', async () => {
    const pairs = ['one', 'two'].map((name) => project.beside(name));
    // Of two lengths: where which one's block begins is written nowhere.
    makeKeyPair(pairs[0]!);
    makeKeyPair(pairs[1]!, 3072);
    const recipients = pairs.map((pair) => `${pair}.public.pem`);
    project.settings({ storage: { encrypt: true, recipients: recipients.slice(0, 1) } });
    await project.done('create');
    const { txt: alone, html } = await kitOf();
    const [fingerprint] = /\b[0-9a-f]{64}\b/.exec(alone.slice(alone.indexOf('one.public.pem')))!;
    expect(html).toContain(fingerprint);
    const give = (pair: string) => (script: string) =>
      script.replace('/path/to/the/private.pem', `${pair}.private.pem`);
    const ended = await runPage(withoutFingerprint(alone), give(pairs[0]!));
    expect(ended.stdout).toContain('manifest.jsonl: OK');

    project.settings({ storage: { encrypt: true, recipients } });
    await project.done('create');
    changeFiles();
    await project.done('create', '--mode', 'incremental');
    const { txt } = await kitOf();
    for (const pair of pairs) await runPage(withoutFingerprint(txt), give(pair));
    // With the private key on it, nothing has to be given.
    const printed = await kitOf('--with-key', '--encryption-key', `${pairs[1]!}.private.pem`);
    expect(printed.txt).toContain('BEGIN PRIVATE KEY');
    await runPage(withoutFingerprint(printed.html), (script) => script, true);
  });

  test('the command that shows a private key to be the right one', async () => {
    makeKeyPair(project.beside('pair'));
    project.settings({ storage: { encrypt: true, recipients: [project.beside('pair.public.pem')] } });
    const { txt } = await kitOf();
    const [command = ''] = blocksOf(txt);
    const ended = await run('sh', ['-ec', `cp pair.private.pem private.pem\n${command}`], { cwd: project.folder });
    expect(txt).toContain(`sha256:${ended.stdout.slice(0, 64)}`);
  });
});

/** The first block looks at a private key that is not there yet. */
function withoutFingerprint(page: string): string {
  return page.replace('openssl pkey -in private.pem -pubout -outform DER | sha256sum', ':');
}

function changeFiles(): void {
  const big = seededBytes(1, 2_500_000);
  big.fill(7, 1_000_000, 1_000_100);
  project.write('state/deep/big.bin', big);
  project.write('state/new.json', '{}\n');
}

describe('a recovery kit', () => {
  test('has the key as a code, on paper and in the text: that and nothing else', async () => {
    await project.done('keys', 'generate', key);
    const { txt, html } = await kitOf(...withKey(key));
    const secret = readFileSync(key, 'utf8').trim();
    expect(modulesOf(html)).toEqual(encode(secret, { ecc: 'M', border: 4 }).data);
    expect(txt).toContain(pictureOf(encode(secret, { ecc: 'M', border: 2 }).data));
    // What is copied from the page is the key, without the gaps.
    const shown = /<p class="secret">(.*?)<\/p>/s.exec(html)![1]!;
    expect(shown.replace(/<[^>]*>/g, '')).toBe(secret);
  });

  test('is for its owner only, says that it holds the key, and does not show it', async () => {
    await project.done('keys', 'generate', key);
    mkdirSync(project.path('.git'));
    const ended = await project.tool('keys', 'recovery-kit', ...withKey(key));
    expect(ended.code).toBe(0);
    const secret = readFileSync(key, 'utf8').trim();
    expect(ended.stdout + ended.stderr).not.toContain(secret.slice(0, 8));
    expect(ended.stdout).toContain('holds the key in clear');
    for (const form of ['html', 'txt']) {
      const file = project.path(`ai-backup-recovery-kit.${form}`);
      expect(statSync(file).mode & 0o7777).toBe(0o600);
      expect(readFileSync(project.path('.gitignore'), 'utf8')).toContain(`/ai-backup-recovery-kit.${form}*\n`);
    }
    const again = await project.tool('keys', 'recovery-kit', ...withKey(key));
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('is there already');
  });

  test('with the key never goes where the backups go; one form is written where a file is named', async () => {
    await project.done('keys', 'generate', key);
    const inside = project.path('state/kit.html');
    expect((await project.tool('keys', 'recovery-kit', '--output', inside, ...withKey(key))).code).toBe(2);
    expect(existsSync(inside)).toBe(false);
    await project.done('keys', 'recovery-kit', '--without-key', '--output', inside, ...withKey(key));
    expect(readFileSync(inside, 'utf8')).not.toContain(readFileSync(key, 'utf8').trim());
    expect(readdirSync(project.path('state')).filter((name) => name.startsWith('ai-backup'))).toEqual([]);
  });

  test('loads nothing and runs nothing', async () => {
    await project.done('keys', 'generate', key);
    await project.done('create', ...withKey(key));
    const { html } = await kitOf(...withKey(key));
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\bsrc=/);
    expect(html.match(/https?:\/\/[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
  });

  test('names the command that gives the key, unless that holds a secret; and runs what it names', async () => {
    await project.done('keys', 'generate', key);
    const env = (command: string) => ({ env: { BACKUP_ENCRYPTION_KEY_COMMAND: command } });
    await project.toolWith(env(`cat ${key}`), 'create');
    const write = async (command: string): Promise<string> => {
      const folder = project.beside('kit');
      const ended = await project.toolWith(env(command), 'keys', 'recovery-kit', '--force', '--output', folder);
      expect(ended.code).toBe(0);
      return readFileSync(join(folder, 'ai-backup-recovery-kit.txt'), 'utf8');
    };
    const named = await write(`cat ${key}`);
    expect(named).toContain(`cat ${key}) > backup.key`);
    await runPage(named);
    const secret = readFileSync(key, 'utf8').trim();
    const masked = await write(`VAULT_TOKEN=hvs.CAESIJ8v3kq2mN cat ${key}`);
    expect(masked).not.toContain('hvs.CAESIJ8v3kq2mN');
    expect(named + masked).not.toContain(secret);
    await runPage(masked, (script) => script.replace('cat > backup.key', `cat > backup.key < ${key}`));
  });

  test('pins what was made with the key, and nothing that somebody put in its place', async () => {
    await project.done('keys', 'generate', key);
    const { directory } = await project.done<Created>('create', ...withKey(key));
    const file = join(directory, 'metadata.json');
    const metadata = readFileSync(file, 'utf8');
    writeFileSync(file, metadata.replace(/"sha256": "[0-9a-f]/g, '"sha256": "f'));
    const ended = await project.tool('keys', 'recovery-kit', '--output', project.beside('kit'), ...withKey(key));
    expect(ended.code).toBe(4);
    expect(existsSync(project.beside('kit'))).toBe(false);
  });

  test('can be written before the first backup, and says so; without a key it cannot', async () => {
    expect((await project.tool('keys', 'recovery-kit')).code).toBe(12);
    await project.done('keys', 'generate', key);
    const { txt } = await kitOf(...withKey(key));
    expect(txt).toContain('BACKUP-ID');
  });
});

/** The dark squares of the first picture of a page. */
function modulesOf(html: string): boolean[][] {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(html)![1]);
  const data = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y] of html.matchAll(/M(\d+),(\d+)h1v1h-1z/g)) data[Number(y)]![Number(x)] = true;
  return data;
}

/** The same in letters, two rows a line: ink where a square is dark. */
function pictureOf(data: boolean[][]): string {
  const lines: string[] = [];
  for (let row = 0; row < data.length; row += 2) {
    const letters = data[row]!.map((upper, column) => {
      const lower = data[row + 1]?.[column] ?? false;
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    });
    lines.push(letters.join(''));
  }
  return lines.join('\n');
}
