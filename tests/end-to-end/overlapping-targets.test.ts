/** A file of the project that two targets hold comes back once. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { forgeManifest, type ManifestJson } from '../support/forge-manifest.ts';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';
import { treeDifferences } from '../support/tree-snapshot.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.settings({ targets: { state: true, queues: { paths: ['state/queue', 'state/queue/deep'] } } });
  project.write('state/one.json', '1');
  project.write('state/queue/two.json', '22');
  project.write('state/queue/deep/three.json', '333');
  project.link('two.json', 'state/queue/link');
});

afterEach(() => project.remove());

interface Shown {
  entries: { path: string; origin?: string; kind: string }[];
}

test.each(['tar', 'zip', 'directory'])('it is planned, counted and written once (%s)', async (format) => {
  const { id, files } = await project.done<Created>('create', '--format', format);
  const { entries } = await project.done<Shown>('show', id, '--files');
  const held = entries.filter((one) => one.origin === 'state/queue/deep/three.json');
  expect(held.length).toBeGreaterThan(1);
  expect(files).toBeGreaterThan(3);

  const wanted = project.snapshot();
  rmSync(project.path('state'), { recursive: true });
  const plan = await project.done<Restored>('restore', id, '--dry-run');
  expect(plan).toMatchObject({ created: 4, bytes: 6 });
  const planned = (plan.actions ?? []).map((one) => one.path);
  expect(planned.sort()).toEqual(
    ['state/one.json', 'state/queue/deep/three.json', 'state/queue/link', 'state/queue/two.json'].sort(),
  );
  const restored = await project.done<Restored>('restore', id, '--yes', '--verify');
  expect(restored).toMatchObject({ created: 4, bytes: 6, overwritten: 0 });
  expect(treeDifferences(wanted, project.snapshot())).toEqual([]);
  expect(await project.done<Restored>('restore', id, '--dry-run')).toMatchObject({ created: 0, overwritten: 0 });
});

test('one of the two targets alone brings it back as well', async () => {
  const { id } = await project.done<Created>('create');
  rmSync(project.path('state'), { recursive: true });
  expect(await project.done<Restored>('restore', id, '--targets', 'queues', '--yes')).toMatchObject({ created: 3 });
  expect(readFileSync(project.path('state/queue/deep/three.json'), 'utf8')).toBe('333');
});

test.each(['before', 'after'])('a hot copy of a database wins over a raw one that stands %s it', async (order) => {
  project.settings({ targets: { state: true, database: true } });
  const database = new Database(project.path('app.db'));
  database.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('hot')");
  database.close();
  project.write('state/raw', 'a raw copy, torn');
  const { id, directory } = await project.done<Created>('create');
  // What a backup holds where a file became a database between two looks at it.
  forgeManifest(directory, (lines) => {
    const others = lines.filter((line) => line['path'] !== 'state/raw');
    const raw: ManifestJson = { ...lines.find((line) => line['path'] === 'state/raw'), origin: 'app.db' };
    const at = others.findIndex((line) => line['database'] !== undefined);
    // After all frames, as the format wants it.
    const [hot] = others.splice(at, 1);
    return [...others, ...(order === 'before' ? [raw, hot ?? {}] : [hot ?? {}, raw])];
  });
  const to = project.beside('elsewhere');
  const plan = await project.done<Restored>('restore', id, '--to', to, '--dry-run');
  expect(plan.actions?.filter((one) => one.path === 'app.db')).toHaveLength(1);
  const restored = await project.done<Restored>('restore', id, '--to', to, '--yes', '--verify');
  expect(restored.created).toBe(plan.created);
  const back = new Database(join(to, 'app.db'), { readonly: true });
  expect(back.prepare('SELECT x FROM t').pluck().get()).toBe('hot');
  back.close();

  // Who asks for the raw copy's target alone gets what that has.
  const alone = project.beside('alone');
  await project.done('restore', id, '--to', alone, '--targets', 'state', '--yes');
  expect(readFileSync(join(alone, 'app.db'), 'utf8')).toBe('a raw copy, torn');
});
