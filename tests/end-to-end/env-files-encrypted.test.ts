/** `.env` files in backups that are encrypted themselves: with a passphrase, and to a key pair. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';
import { rsaPair } from '../support/rsa-keys.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write('state/a.json', '[1]\n');
  project.write('.env', 'API_KEY=then\n');
});
afterEach(() => project.remove());

const env = (): string => readFileSync(project.path('.env'), 'utf8');

function keyPair(): { secretKey: string; publicKey: string } {
  const pair = rsaPair(2048);
  return {
    secretKey: project.write('../private.pem', pair.privateKey, 0o600),
    publicKey: project.write('../public.pem', pair.publicKey),
  };
}

test('with a passphrase they come back, and what they held is in the safety backup', async () => {
  const key = ['--encryption-key', project.write('../key', 'a passphrase\n', 0o600)];
  const { id } = await project.done<Created>('create', '--encrypt', ...key);
  project.write('.env', 'API_KEY=now\nONLY=here\n');
  const restored = await project.done<Restored>('restore', id, '--targets', 'security', '--yes', ...key);
  expect(env()).toBe('API_KEY=then\nONLY=here\n');
  await project.done('restore', restored.safetyBackup ?? '', '--include', '.env', '--yes', ...key);
  expect(env()).toBe('API_KEY=now\nONLY=here\n');
  expect((await project.tool('restore', id, '--include', '.env', '--yes')).code).toBe(12);
});

test('to a public key they go in, and with the private one they come back, through a safety backup that it opens', async () => {
  const { secretKey, publicKey } = keyPair();
  const { id } = await project.done<Created>('create', '--encrypt', '--recipient', publicKey);
  project.write('.env', 'API_KEY=now\n');
  const key = ['--encryption-key', secretKey];
  const restored = await project.done<Restored>('restore', id, '--include', '.env', '--yes', ...key);
  expect(env()).toBe('API_KEY=then\n');
  await project.done('restore', restored.safetyBackup ?? '', '--include', '.env', '--yes', ...key);
  expect(env()).toBe('API_KEY=now\n');
});

test('a consolidated backup gives them back, too', async () => {
  const { secretKey, publicKey } = keyPair();
  const made = ['create', '--encrypt', '--recipient', publicKey, '--mode'];
  await project.done(...made, 'full');
  project.write('state/a.json', '[2]\n');
  await project.done(...made, 'incremental');
  const key = ['--encryption-key', secretKey];
  const { id } = await project.done<Created>('consolidate', 'latest', ...key);
  project.write('.env', 'API_KEY=now\n');
  await project.done('restore', id, '--include', '.env', '--yes', '--skip-backup', ...key);
  expect(env()).toBe('API_KEY=then\n');
});
