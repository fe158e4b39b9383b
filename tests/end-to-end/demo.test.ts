/** `npm run demo`: what a newcomer sees first must hold, and must leave nothing behind. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoStage, ProofFailed } from '../../examples/poppo-suite/demo-stage.ts';
import { damagedFiles, fingerprintFiles } from '../../examples/poppo-suite/fingerprint-files.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const projectData = ['.env', '.poppo', 'agents', 'data', 'logs', 'queue', 'state'];

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'demo-test-'));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** tsx keeps its compiled files in the temporary folder too; they are no business of the demo's. */
const leftBehind = (): string[] => readdirSync(scratch).filter((name) => !name.startsWith('tsx-'));

function startDemo(): { child: ChildProcess; output: () => string; said: (text: string) => Promise<void> } {
  const { NODE_OPTIONS: _options, FORCE_COLOR: _color, ...environment } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/poppo-suite/demo.ts'], {
    cwd: repository,
    env: { ...environment, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const said = async (part: string): Promise<void> => {
    const ended = once(child, 'close').then(() =>
      Promise.reject(new Error(`The demo ended before it said ${part}: ${text}`)),
    );
    ended.catch(() => undefined);
    while (!text.includes(part)) await Promise.race([once(child.stdout, 'data'), ended]);
  };
  return { child, output: () => text, said };
}

describe('the demo', () => {
  test('proves every claim, in plain text, and removes its folder', async () => {
    const { child, output } = startDemo();
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, output: output() }).toMatchObject({ code: 0 });
    expect(output().match(/^ {3}proved {2}/gm)?.length).toBeGreaterThanOrEqual(8);
    expect(output()).toContain('$ npx ai-backup create --name before-the-accident');
    expect(output()).toContain('Done.');
    // eslint-disable-next-line no-control-regex -- colours are what must not be there
    expect(output()).not.toMatch(/\u001b/);
    expect(leftBehind()).toEqual([]);
  });

  test('on Ctrl-C ends its processes and removes its folder', async () => {
    const { child, output, said } = startDemo();
    await said('2. Put it to work');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, output: output() }).toMatchObject({ code: 130 });
    expect(leftBehind()).toEqual([]);
  });

  test('a claim that does not hold ends it', () => {
    const stage = new DemoStage(new AbortController().signal);
    expect(() => stage.prove('water flows uphill', false)).toThrow(ProofFailed);
  });

  test('a file with other bytes, another time, or gone counts as damaged', () => {
    for (const name of ['same', 'bytes', 'time', 'gone']) writeFileSync(join(scratch, name), 'x');
    const before = fingerprintFiles(scratch);
    writeFileSync(join(scratch, 'bytes'), 'y');
    utimesSync(join(scratch, 'time'), 1, 1);
    rmSync(join(scratch, 'gone'));
    expect(damagedFiles(before, fingerprintFiles(scratch)).sort()).toEqual(['bytes', 'gone', 'time']);
  });
});

test("the example's data is the same each time it is made", async () => {
  const made = ['one', 'two'].map((name) => join(scratch, name));
  for (const folder of made) {
    mkdirSync(folder);
    const child = spawn(process.execPath, ['examples/poppo-suite/generate-data.mjs', folder], {
      cwd: repository,
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
  }
  const contents = made.map((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(folder.length), readFileSync(file, 'latin1')]),
  );
  expect(contents[0]).toEqual(contents[1]);
  expect(readdirSync(made[0] ?? '').sort()).toEqual(projectData);
});
