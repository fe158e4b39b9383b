import { expect, test } from '@jest/globals';
import { envInstructions } from '../../lib/store/env-instructions.ts';

test('RESTORE.md says nothing of .env files where the backup holds none', () => {
  expect(envInstructions(undefined)).toEqual([]);
  expect(envInstructions([])).toEqual([]);
});

test('each text of them has its command, whatever its target is called', () => {
  const text = envInstructions(['security/env.encrypted', "my own's/env.encrypted"]).join('\n');
  expect(text).toContain('-in restored/security/env.encrypted > env-files.txt\n');
  expect(text).toContain(`-in restored/'my own'\\''s/env.encrypted' > env-files2.txt\n`);
  expect(text).toContain('KEY=');
});

test('the key of an encrypted backup is set already', () => {
  expect(envInstructions(['security/env.encrypted'], true).join('\n')).not.toContain('KEY=/');
});
