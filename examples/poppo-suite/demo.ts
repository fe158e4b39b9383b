/**
 * `npm run demo`: a project with a busy database is backed up, damaged and restored, and each claim is proved. Works in a
 * temporary folder that it removes, also on Ctrl-C. Ends with 1 when a proof fails.
 */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { DemoStage, pc, ProofFailed, toolkitFolder } from './demo-stage.ts';
import { damagedFiles, fingerprintFiles } from './fingerprint-files.ts';
import { openHistory, totalsAgree } from './history.mjs';

const projectFiles = ['package.json', '.gitignore', 'config'];
const backupName = 'before-the-accident';

async function play(stage: DemoStage, project: string): Promise<void> {
  stage.begin(
    'Build a project',
    'A small agent suite: two SQLite databases in WAL mode, logs, agents, state and secrets.',
  );
  for (const name of projectFiles) {
    cpSync(join(toolkitFolder, 'examples', 'poppo-suite', name), join(project, name), { recursive: true });
  }
  await stage.script('generate-data.mjs', project);

  stage.begin(
    'Put it to work',
    'Another process records task after task in the history database, all the time from now on.',
  );
  const writer = await stage.start('write-history.mjs', project);
  stage.say(
    'Each transaction writes a task and adds it to its agent: the totals agree with the tasks at every moment.',
  );
  const history = openHistory(join(project, 'data', 'poppo-history.db'));
  const security = openHistory(join(project, 'data', 'security.db'));
  try {
    const filesBefore = fingerprintFiles(project);
    const rowsBefore = restingRows(history, security);
    const tasksBefore = countTasks(history);

    stage.begin(
      'Back it up',
      'One command. The database is copied hot and checked, while the other process goes on writing.',
    );
    await stage.toolkit(project, 'create', '--name', backupName);
    stage.say('The secrets of .env are left out on purpose: they go into a backup only when it is encrypted.');

    stage.begin('See what there is', 'A backup is a folder that says what it holds, and an archive that `tar` opens.');
    await stage.toolkit(project, 'list');

    stage.begin(
      'Prove that it is whole',
      'Reads every file back out of the archive: its hash, and the integrity of each database.',
    );
    await stage.toolkit(project, 'verify', backupName, '--check-content');

    stage.begin(
      'Have an accident',
      'Files deleted, settings overwritten, a table emptied, another dropped, totals set to nonsense.',
    );
    causeAccident(project, history, security);
    stage.prove('five files are damaged now', damagedFiles(filesBefore, fingerprintFiles(project)).length === 5);
    stage.prove('the totals do not agree with the tasks any more', !totalsAgree(history));

    stage.begin('See what a restore would do', 'A plan comes before every change; --dry-run shows it and stops.');
    await stage.toolkit(project, 'restore', backupName, '--dry-run');

    stage.begin(
      'Restore',
      'It keeps a safety backup of the damaged state, checks every byte beside it, then swaps it in.',
    );
    await stage.toolkit(project, 'restore', backupName, '--yes');

    stage.begin('Prove it equal', 'Not “no error was shown”: each file, each row, and the promise of the database.');
    const damaged = damagedFiles(filesBefore, fingerprintFiles(project));
    if (damaged.length > 0) stage.say(`different: ${damaged.slice(0, 5).join(', ')}`);
    stage.prove(`all ${filesBefore.size} files have their bytes, permissions and times again`, damaged.length === 0);
    stage.prove('lessons and security events are the same, row by row', restingRows(history, security) === rowsBefore);
    stage.prove(
      `the ${tasksBefore} tasks from before the backup are there`,
      firstTasks(history, tasksBefore) === tasksBefore,
    );
    stage.prove('the totals agree with the tasks, and the database is whole', totalsAgree(history));
    stage.prove('the other process never noticed and goes on writing', await isGrowing(stage, history));
    await stage.stop(writer);
    stage.prove('and what it wrote since agrees too', totalsAgree(history));
  } finally {
    history.close();
    security.close();
  }

  stage.begin(
    'See the list again',
    'The safety backup of the damaged state is there as well: a restore can itself be undone.',
  );
  await stage.toolkit(project, 'list');
}

function causeAccident(project: string, history: Database, security: Database): void {
  rmSync(join(project, 'data', 'ccpm'), { recursive: true });
  rmSync(join(project, 'agents', 'reviewer.md'));
  rmSync(join(project, 'logs', 'poppo-2026-06-01.log.gz'));
  writeFileSync(join(project, 'state', 'processed-issues.json'), '[]\n');
  const settings = join(project, 'config', 'config.json');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('30000', '0'));
  history.exec('DELETE FROM lessons; UPDATE agent_totals SET tokens = 1;');
  security.exec('DROP TABLE events');
}

/** What nobody writes to while the demo runs, as one text. */
function restingRows(history: Database, security: Database): string {
  return JSON.stringify([
    history.prepare('SELECT * FROM lessons ORDER BY id').all(),
    security.prepare('SELECT * FROM events ORDER BY id').all(),
  ]);
}

function countTasks(history: Database): number {
  return history.prepare<[], number>('SELECT count(*) FROM tasks').pluck().get() ?? 0;
}

function firstTasks(history: Database, count: number): number {
  return history.prepare<[number], number>('SELECT count(*) FROM tasks WHERE id <= ?').pluck().get(count) ?? 0;
}

/** True as soon as there are more tasks than now; false when there are none after five seconds. */
async function isGrowing(stage: DemoStage, history: Database): Promise<boolean> {
  const tasks = countTasks(history);
  for (let turn = 0; turn < 100; turn += 1) {
    if (countTasks(history) > tasks) return true;
    await pause(50, undefined, { signal: stage.signal });
  }
  return false;
}

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort());
const stage = new DemoStage(interrupt.signal);
const project = realpathSync(mkdtempSync(join(tmpdir(), 'poppo-suite-')));
try {
  console.log(`${pc.bold('A backup, an accident, a restore')} in ${project}, which is removed at the end.`);
  await play(stage, project);
  console.log(`\n${pc.bold('Done.')} In your own project: \`npx ai-backup init\`, then \`npm run backup:create\`.`);
} catch (error) {
  if (interrupt.signal.aborted) {
    console.error('\nInterrupted.');
    process.exitCode = 130;
  } else {
    console.error(error instanceof ProofFailed ? `\n   ${pc.red('NOT TRUE')}  ${error.message}` : error);
    process.exitCode = 1;
  }
} finally {
  await stage.close();
  rmSync(project, { recursive: true, force: true });
}
