import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isBackupError } from '../../lib/core/errors.ts';
import { finding } from '../../lib/core/findings.ts';
import { formatMetadata, formatVersion, parseMetadata, readMetadata } from '../../lib/store/metadata.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const text = (fields: object): string => JSON.stringify({ ...sampleMetadata(), ...fields });

describe('metadata.json', () => {
  test('comes back as it was written', () => {
    const metadata = sampleMetadata({
      name: 'before the release 🚀',
      git: { commit: 'abc', branch: 'main', dirty: true },
      databases: [{ name: 'data/app.db', kind: 'sqlite', version: '3.50.0', tables: ['a', 'b'] }],
      warnings: [finding('file-vanished', { path: 'state/caf\udce9', target: 'state' })],
      verifiedAt: '2026-06-20T00:00:00.000Z',
    });
    expect(parseMetadata(formatMetadata(metadata), 'b')).toEqual(metadata);
    // Bytes on the disk are UTF-8, also where a name is not.
    expect(parseMetadata(Buffer.from(formatMetadata(metadata)).toString('utf8'), 'b')).toEqual(metadata);
  });

  test('is for people too: on many lines, and ends with one', () => {
    expect(formatMetadata(sampleMetadata())).toMatch(/^\{\n {2}"id": "backup-.*\n\}\n$/s);
  });

  test('of a plain tree names no archive', () => {
    const { archive: _, ...tree } = sampleMetadata({ layout: 'directory' });
    expect(parseMetadata(formatMetadata(tree), 'b')).toEqual(tree);
  });

  test('keeps what a newer version of the same format adds', () => {
    expect(parseMetadata(text({ colour: 'red', sealed: { by: 'x' } }), 'b')).toMatchObject({
      colour: 'red',
      sealed: { by: 'x' },
    });
  });

  test('of a newer format is not guessed at', () => {
    expect(() => parseMetadata(text({ format: formatVersion + 1 }), 'b')).toThrow(
      /format 2; this version reads up to 1/,
    );
  });

  test.each([
    { id: undefined },
    { id: '../../etc' },
    { id: 'a/b' },
    { id: '' },
    { timestamp: 'yesterday' },
    { type: 'magic' },
    { mode: 'half' },
    { layout: 'rar' },
    { chain: 'backup' },
    { targets: [] },
    { targets: { state: 5 } },
    { size: '5' },
    { complete: 'yes' },
    { warnings: ['x'] },
    { archive: { file: '../other.tar.gz', compression: 'gzip' } },
    { archive: { file: '/etc/passwd', compression: 'gzip' } },
    { archive: { file: 'a\\b', compression: 'gzip' } },
    { archive: { file: '', compression: 'gzip' } },
    { archive: { file: 'a.tar', compression: 'rar' } },
    { archive: 'a.tar' },
  ])('with %j is damaged', (fields) => {
    const failure: unknown = catching(() => parseMetadata(text(fields), '/store/backup'));
    expect(isBackupError(failure, 'MANIFEST_DAMAGED') && failure.params.problem).toMatch(/^metadata\.json: /);
    expect(isBackupError(failure) && failure.message).toContain('/store/backup');
  });

  test.each([
    [{ id: 'a b' }, 'id'],
    [{ format: null }, 'format'],
    [{ chain: ['a', 5] }, 'chain.1'],
    [{ targets: { state: { files: 1, size: '5' } } }, 'targets.state.size'],
    [{ warnings: [{ code: 'x' }] }, 'warnings.0.message'],
    [{ archive: { file: 'a.tar', compression: 'gzip', size: '5' } }, 'archive.size'],
    [{ databases: {} }, 'databases'],
  ])('with %j names the place of the first mistake', (fields, place) => {
    expect(() => parseMetadata(text(fields), 'b')).toThrow(`metadata.json: ${place}: Invalid input`);
  });

  test('with a number that is too large for one is damaged', () => {
    expect(() => parseMetadata(text({}).replace('"files":1,', '"files":1e999,'), 'b')).toThrow('metadata.json');
  });

  test.each(['..', '.', '.state'])('may not name %j as its archive', (file) => {
    expect(() => parseMetadata(text({ archive: { file, compression: 'gzip' } }), 'b')).toThrow('metadata.json');
  });

  test('that is cut short anywhere is damaged', () => {
    const whole = formatMetadata(sampleMetadata());
    fc.assert(
      fc.property(fc.nat(whole.length - 3), (cut) => {
        expect(() => parseMetadata(whole.slice(0, cut), 'b')).toThrow('metadata.json');
      }),
    );
  });

  test('that is anything else is damaged, never a crash', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(
          isBackupError(
            catching(() => parseMetadata(json, 'b')),
            'MANIFEST_DAMAGED',
          ),
        ).toBe(true);
      }),
    );
  });
});

describe('a backup’s folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = makeTemporaryFolder('metadata');
  });
  afterEach(() => removeTemporaryFolder(folder));

  test('with metadata.json is complete', async () => {
    writeFileSync(join(folder, 'metadata.json'), formatMetadata(sampleMetadata()));
    expect((await readMetadata(folder))?.id).toBe(sampleMetadata().id);
  });

  test('without it is none; no folder at all is none', async () => {
    expect(await readMetadata(folder)).toBeUndefined();
    expect(await readMetadata(join(folder, 'nowhere'))).toBeUndefined();
  });

  test('that cannot be looked into is not taken for one without', async () => {
    mkdirSync(join(folder, 'metadata.json'));
    await expect(readMetadata(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

function catching(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return error;
  }
}
