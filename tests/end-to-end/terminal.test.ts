import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { TestProject, type Created } from '../support/make-project.ts';
import { shellEnvironment } from '../support/run-tool.ts';
import { toolFile } from '../support/start-tool.ts';
import { screenAfter } from '../support/terminal-screen.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
});

afterEach(() => project.remove());

interface AtTerminal {
  code: number;
  /** Everything that the terminal was sent. */
  screen: string;
  /** The same as a person reads it. */
  text: string;
  /** The lines that are left on the screen, after the shell's prompt came back. */
  lines: string[];
}

const size = { columns: 120, rows: 40 };

/**
 * Runs the tool in a terminal of its own, as `script` makes one, and types the answers, each after what it waits for was
 * shown.
 */
async function atTerminal(
  args: readonly string[],
  answers: readonly { after: RegExp; type: string; thinkMs?: number }[] = [],
  env: Record<string, string> = {},
  { columns, rows } = size,
): Promise<AtTerminal> {
  const quoted = [process.execPath, toolFile, ...args, '--root', project.root].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows ${rows}; ${quoted}`, '/dev/null'], {
    env: { ...shellEnvironment(), TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const next = left[0];
    if (next === undefined || !next.after.test(stripVTControlCharacters(screen))) return;
    left.shift();
    setTimeout(() => child.stdin.write(next.type), next.thinkMs ?? 0);
  });
  const [code] = (await once(child, 'close')) as [number];
  child.stdin.end();
  const lines = screenAfter(`${screen}${prompt}`, { columns, rows });
  return { code, screen, text: stripVTControlCharacters(screen).replaceAll('\r', ''), lines };
}

const prompt = 'me@here:~$ ';

/** Files that take more than a second to pack. */
function writeMuch(files: number): void {
  const text = Buffer.from(randomBytes(1 << 20).toString('hex'));
  for (let at = 0; at < files; at += 1) project.write(`agents/${at}.log`, Buffer.concat(Array<Buffer>(8).fill(text)));
}

describe('a restore at a terminal', () => {
  test('shows its plan and asks; no is the default and changes nothing', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/queue.json', 'changed');
    for (const type of ['n\r', '\r']) {
      const { code, text } = await atTerminal(['restore', id], [{ after: /Go ahead\?/, type }]);
      expect(code).toBe(1);
      expect(text).toMatch(/overwrite +state\/queue\.json/);
      expect(text).toContain('not confirmed. Nothing was changed.');
      expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('changed');
    }
    expect((await project.done<{ total: number }>('list')).total).toBe(1);
  });

  test('yes does it, and names the safety backup', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/queue.json', 'changed');
    const { code, text } = await atTerminal(['restore', id], [{ after: /Go ahead\?/, type: 'y\r' }]);
    expect(code).toBe(0);
    expect(text).toMatch(/Restored backup-/);
    expect(text).toMatch(/What was there before is backup backup-/);
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('[1, 2, 3]\n');
  });

  test('Ctrl-C at the question ends with 130 and changes nothing', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/queue.json', 'changed');
    const { code, text } = await atTerminal(['restore', id], [{ after: /Go ahead\?/, type: '\u0003' }]);
    expect(code).toBe(130);
    expect(text).toContain('Interrupted');
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('changed');
  });

  test('asks in Japanese, too; asks nothing where there is nothing to do', async () => {
    const { id } = await project.done<Created>('create');
    const nothing = await atTerminal(['restore', id]);
    expect([nothing.code, nothing.text]).toEqual([0, expect.stringContaining('Nothing to do')]);
    project.write('state/queue.json', 'changed');
    const asked = await atTerminal(['restore', id, '--lang', 'ja'], [{ after: /実行しますか/, type: 'n\r' }]);
    expect([asked.code, asked.text]).toEqual([1, expect.stringContaining('確認されなかった')]);
  });
});

describe('what a terminal shows', () => {
  test('the list is a table with aligned columns, also with Japanese names', async () => {
    for (const name of ['plain', '毎週の控え', 'かな and ASCII']) await project.done('create', '--name', name);
    await project.done('verify');
    for (const lang of ['en', 'ja']) {
      const { text } = await atTerminal(['list', '--lang', lang]);
      const lines = text.split('\n').filter((line) => /^(ID|backup-)/.test(line));
      expect(lines).toHaveLength(4);
      const rows = lines.slice(1);
      const dates = rows.map((line) => columnOf(line, /\d{4}-\d\d-\d\d \d\d:\d\d/));
      expect(new Set(dates).size).toBe(1);
      expect(columnOf(lines[0]!, lang === 'en' ? /Date/ : /日時/)).toBe(dates[0]);
      const modes = rows.map((line) => columnOf(line, /full/));
      expect(new Set(modes).size).toBe(1);
      expect(columnOf(lines[0]!, lang === 'en' ? /Mode/ : /モード/)).toBe(modes[0]);
      for (const line of lines) expect(line).toBe(line.trimEnd());
    }
  });

  test('a list that is wider than the terminal has names and marks on lines of their own', async () => {
    const { id } = await project.done<Created>('create', '--name', 'before-upgrade');
    await project.done('verify', id);
    await project.done('create', '--since', '2026-01-02', '--mode', 'differential');
    const { text } = await atTerminal(['list'], [], { TZ: 'UTC' }, { columns: 80, rows: 24 });
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.slice(0, 5)).toEqual([
      expect.stringMatching(/^ID +Date +Mode +Size$/),
      expect.stringMatching(/^backup-\S{31}  \d{4}-\d\d-\d\d \d\d:\d\d  differential +\d\S* K?B$/),
      '  since 2026-01-02',
      expect.stringMatching(/^backup-\S{31}  \d{4}-\d\d-\d\d \d\d:\d\d  full +\d\S* K?B$/),
      '  before-upgrade, verified',
    ]);
  });

  test('colours, unless NO_COLOR or --no-color says no', async () => {
    await project.done('create');
    const colour = '\u001b[3';
    expect((await atTerminal(['verify'])).screen).toContain(colour);
    expect((await atTerminal(['verify'], [], { NO_COLOR: '1' })).screen).not.toContain('\u001b');
    expect((await atTerminal(['verify', '--no-color'])).screen).not.toContain('\u001b');
    expect((await atTerminal(['verify'], [], { TERM: 'dumb' })).screen).not.toContain('\u001b');
  });

  test('no colour in an error that goes into a file', async () => {
    const child = spawn(
      'script',
      [
        '-qefc',
        `'${process.execPath}' '${toolFile}' verify --root '${project.root}' 2>'${project.beside('errors')}'`,
        '/dev/null',
      ],
      { env: { ...shellEnvironment(), TERM: 'xterm' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child, 'close');
    expect(readFileSync(project.beside('errors'), 'utf8')).toMatch(/^error: There is no backup store/);
  });

  test('progress on work of more than a second, on one line that is cleared at the end', async () => {
    writeMuch(12);
    const { code, screen } = await atTerminal(['create', '--compression-level', '9', '--lang', 'en']);
    expect(code).toBe(0);
    expect(screen).toMatch(/Packing {2}\d+ files? {2}[\d.]+ MB {2}[\d.]+ MB\/s/);
    // Erased, and the cursor shown again, before the result is said.
    const result = screen.indexOf('Backup made');
    const lastProgress = screen.lastIndexOf('Packing');
    expect(lastProgress).toBeLessThan(result);
    expect(screen.slice(lastProgress, result)).toContain('\u001b[0K');
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
  });

  test('the whole result is on the screen after work of more than a second, and the prompt comes after it', async () => {
    writeMuch(12);
    for (const rows of [40, 8]) {
      const narrow = { columns: 60, rows };
      const made = await atTerminal(['create', '--compression-level', '9', '--lang', 'en'], [], {}, narrow);
      expect([made.code, made.text]).toEqual([0, expect.stringContaining('Packing')]);
      const said = made.text
        .slice(made.text.search(/^.*Backup made: /m))
        .trimEnd()
        .split('\n');
      said[0] = said[0]!.slice(said[0]!.indexOf('Backup made'));
      // No line of the progress is left above, and what is wider than the window goes on in the next row.
      expect(made.lines).toEqual([...said.map((line) => line.trimEnd()), prompt.trim()]);
      expect(said.some((line) => line.length > narrow.columns)).toBe(true);
    }
  });

  test('time at a question is no work: a short restore shows no progress, and its whole result', async () => {
    const { id } = await project.done<Created>('create');
    project.write('state/queue.json', 'changed');
    const answer = { after: /Go ahead\?/, type: 'y\r', thinkMs: 1500 };
    const { code, text, lines } = await atTerminal(['restore', id, '--lang', 'en'], [answer]);
    expect(code).toBe(0);
    expect(text).not.toMatch(/MB\/s|KB\/s| B\/s/);
    expect(lines).toContain(`Restored ${id}`);
    expect(lines.at(-2)).toMatch(/^What was there before is backup backup-/);
    expect(lines.at(-1)).toBe(prompt.trim());
  });

  test('no progress on short work, none with --quiet', async () => {
    expect((await atTerminal(['create'])).screen).not.toContain('Packing');
    expect((await atTerminal(['create', '--quiet'])).screen).toBe('');
  });

  test('Ctrl-C in the middle of the progress leaves the terminal as it was', async () => {
    writeMuch(20);
    const { code, screen } = await atTerminal(
      ['create', '--compression-level', '9'],
      [{ after: /Packing/, type: '\u0003' }],
    );
    expect(code).toBe(130);
    expect(screen).toContain('Interrupted. Nothing half-made was left.');
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
    expect((await project.done<{ total: number }>('list')).total).toBe(0);
  });
});

/** The column of a terminal in which something begins; wide letters take two. */
function columnOf(line: string, what: RegExp): number {
  const at = line.search(what);
  expect(at).toBeGreaterThanOrEqual(0);
  return [...line.slice(0, at)].reduce(
    (width, letter) => width + (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u.test(letter) ? 2 : 1),
    0,
  );
}
