import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFileName, certificateReferences } from '../../lib/targets/certificate-references.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificates-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string): string => join(folder, name);
const file = (name: string): { origin: string; readFrom: string } => ({
  origin: `security/${name}`,
  readFrom: inFolder(name),
});
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A self-signed certificate `<name>.crt` and its key `<name>.key`. */
function makeCertificate(name: string, subject = `/C=JP/O=Poppo/CN=${name}.example.com`): void {
  const days = ['-days', '90'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  openssl('req', '-x509', ...key, '-subj', subject, ...days, '-out', `${name}.crt`);
}

function referencesOf(...names: string[]): { references: Record<string, string>[]; codes: string[]; text: string } {
  const { json, findings } = certificateReferences(names.map(file));
  const { references } = JSON.parse(json.toString('utf8')) as { references: Record<string, string>[] };
  return { references, codes: findings.map(({ code, path }) => `${code} ${path}`), text: json.toString('utf8') };
}

describe('certificates by reference', () => {
  test('a certificate is named as openssl names it', () => {
    makeCertificate('www');
    const { references, codes } = referencesOf('www.crt');
    const said = (...flags: string[]): string =>
      openssl('x509', '-in', 'www.crt', '-noout', ...flags)
        .trim()
        .replace(/^[^=]*=/, '');
    expect(codes).toEqual([]);
    expect(references).toEqual([
      {
        path: 'security/www.crt',
        kind: 'certificate',
        subject: 'C=JP, O=Poppo, CN=www.example.com',
        issuer: 'C=JP, O=Poppo, CN=www.example.com',
        serialNumber: said('-serial'),
        validFrom: new Date(said('-startdate')).toISOString(),
        validTo: new Date(said('-enddate')).toISOString(),
        fingerprint256: said('-fingerprint', '-sha256'),
      },
    ]);
  });

  test('a chain gives one reference a certificate, DER gives the same as PEM', () => {
    makeCertificate('leaf');
    makeCertificate('root');
    const chain = `subject=leaf\n${readFileSync(inFolder('leaf.crt'), 'utf8')}\r\n${readFileSync(inFolder('root.crt'), 'utf8')}`;
    writeFileSync(inFolder('chain.pem'), chain);
    openssl('x509', '-in', 'leaf.crt', '-outform', 'DER', '-out', 'leaf.cer');
    const { references, codes } = referencesOf('leaf.cer', 'chain.pem');
    expect(codes).toEqual([]);
    expect(references.map((one) => `${one['path']} ${one['subject']}`)).toEqual([
      'security/chain.pem C=JP, O=Poppo, CN=leaf.example.com',
      'security/chain.pem C=JP, O=Poppo, CN=root.example.com',
      'security/leaf.cer C=JP, O=Poppo, CN=leaf.example.com',
    ]);
    expect(references[2]?.['fingerprint256']).toBe(references[0]?.['fingerprint256']);
  });

  test('of a private key there is its path, and nothing of its content', () => {
    makeCertificate('app');
    const key = readFileSync(inFolder('app.key'), 'utf8');
    writeFileSync(inFolder('both.pem'), key + readFileSync(inFolder('app.crt'), 'utf8'));
    writeFileSync(inFolder('cut.pem'), key.slice(0, 90));
    openssl('pkcs8', '-topk8', '-in', 'app.key', '-passout', 'pass:x', '-out', 'locked.pem');
    const { references, codes, text } = referencesOf('both.pem', 'cut.pem', 'locked.pem');
    expect(codes).toEqual([]);
    expect(references.map((one) => `${one['path']} ${one['kind']}`)).toEqual([
      'security/both.pem private key',
      'security/both.pem certificate',
      'security/cut.pem private key',
      'security/locked.pem private key',
    ]);
    const body = key.split('\n').slice(1, -2).join('');
    for (let at = 0; at + 8 <= body.length; at += 1) expect(text).not.toContain(body.slice(at, at + 8));
    expect(Object.keys(references[0] ?? {})).toEqual(['path', 'kind', 'note']);
  });

  test('what is no certificate is a finding, and the others are still named', () => {
    makeCertificate('good');
    const good = readFileSync(inFolder('good.crt'), 'utf8');
    writeFileSync(inFolder('words.crt'), 'not a certificate');
    writeFileSync(inFolder('empty.crt'), '');
    writeFileSync(inFolder('broken.pem'), `${good.slice(0, 200)}\n-----END CERTIFICATE-----\n${good}`);
    writeFileSync(inFolder('huge.pem'), '');
    truncateSync(inFolder('huge.pem'), 9 * 1024 * 1024);
    writeFileSync(inFolder('public.pem'), openssl('x509', '-in', 'good.crt', '-noout', '-pubkey'));
    const { references, codes } = referencesOf(
      'words.crt',
      'empty.crt',
      'broken.pem',
      'huge.pem',
      'gone.crt',
      'public.pem',
    );
    expect(references.map((one) => one['path'])).toEqual(['security/broken.pem']);
    expect(codes).toEqual([
      'certificate-unreadable security/broken.pem',
      'certificate-unreadable security/empty.crt',
      'certificate-unreadable security/gone.crt',
      'certificate-unreadable security/huge.pem',
      'certificate-unreadable security/words.crt',
    ]);
  });

  test('a name outside ASCII stays readable', () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'x.key'];
    openssl('req', '-x509', '-utf8', ...key, '-subj', '/O=株式会社ポッポ', '-days', '9', '-out', 'ja.crt');
    const { references } = referencesOf('ja.crt');
    expect(references[0]?.['subject']).toBe('O=株式会社ポッポ');
  });

  test('files are known by their endings', () => {
    expect(
      ['a.pem', 'b.CRT', 'c.cer', 'd.key', 'pem', 'e.crt.bak'].filter((name) => certificateFileName.test(name)),
    ).toEqual(
      ['a.pem', 'b.CRT', 'c.cer'], // prettier-ignore
    );
  });
});
