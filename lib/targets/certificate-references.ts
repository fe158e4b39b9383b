import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { comparePaths, toSystemPath } from '../core/path-bytes.ts';

/** The number of the format of the certificates' references. */
const referencesFormat = 1;

/** A file of certificates is some kilobytes; a trust store some hundred. */
const maximumBytes = 8 * 1024 * 1024;

const pemHeader = /-----BEGIN ([A-Z0-9 ]+)-----/g;
const certificateLabel = /^(?:X509 |TRUSTED )?CERTIFICATE$/;
const privateKeyLabel = /PRIVATE KEY/;

/** Files that may hold certificates, by their names' endings. */
export const certificateFileName = /\.(?:pem|crt|cer)$/i;

interface CertificateReference {
  path: string;
  kind: 'certificate';
  subject: string;
  issuer: string;
  serialNumber: string;
  validFrom: string;
  validTo: string;
  fingerprint256: string;
}

interface PrivateKeyReference {
  path: string;
  kind: 'private key';
  note: string;
}

type Reference = CertificateReference | PrivateKeyReference;

export interface CertificateReferences {
  /** What stands in the backup in place of the files. The same files give the same bytes. */
  json: Buffer;
  /** One for each file that could not be read or holds a broken certificate. */
  findings: Finding[];
}

/**
 * Names certificates without copying them: path, subject, issuer, serial number, validity and fingerprint of each, PEM
 * (also several in one file) or DER. A private key is noted by its path alone; nothing is computed from it, a hash
 * neither.
 */
export function certificateReferences(files: readonly { origin: string; readFrom: string }[]): CertificateReferences {
  const references: Reference[] = [];
  const findings: Finding[] = [];
  for (const { origin, readFrom } of [...files].sort((a, b) => comparePaths(a.origin, b.origin))) {
    try {
      const bytes = readBounded(readFrom);
      if (bytes === undefined) findings.push(unreadable(origin, `larger than ${maximumBytes} bytes`));
      else collect(origin, bytes, references, findings);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
      findings.push(unreadable(origin, code));
    }
  }
  return { json: Buffer.from(`${JSON.stringify({ format: referencesFormat, references }, null, 2)}\n`), findings };
}

/** A file's bytes, or undefined where it is too large to be what its name says. */
function readBounded(readFrom: string): Buffer | undefined {
  const path = toSystemPath(readFrom);
  return statSync(path).size > maximumBytes ? undefined : readFileSync(path);
}

function collect(path: string, bytes: Buffer, references: Reference[], findings: Finding[]): void {
  const text = bytes.toString('latin1');
  const headers = [...text.matchAll(pemHeader)];
  if (headers.length === 0) {
    addCertificate(path, bytes, references, findings);
    return;
  }
  if (headers.some((header) => privateKeyLabel.test(header[1] ?? ''))) {
    references.push({
      path,
      kind: 'private key',
      note: 'The file holds a private key; nothing of it is in this backup.',
    });
  }
  for (const [at, header] of headers.entries()) {
    if (!certificateLabel.test(header[1] ?? '')) continue;
    addCertificate(path, text.slice(header.index, headers[at + 1]?.index), references, findings);
  }
}

function addCertificate(
  path: string,
  certificate: string | Buffer,
  references: Reference[],
  findings: Finding[],
): void {
  const read = readCertificate(certificate);
  if (read === undefined) findings.push(unreadable(path, 'not a certificate in PEM or DER'));
  else references.push({ path, kind: 'certificate', ...read });
}

function readCertificate(certificate: string | Buffer): Omit<CertificateReference, 'path' | 'kind'> | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch (error) {
    // OpenSSL has a code for each way in which bytes are no certificate; all of them mean the same here.
    if (systemCode(error)?.startsWith('ERR_OSSL') === true) return undefined;
    throw error;
  }
  return {
    subject: oneLine(parsed.subject),
    issuer: oneLine(parsed.issuer),
    serialNumber: parsed.serialNumber,
    validFrom: isoDate(parsed.validFrom),
    validTo: isoDate(parsed.validTo),
    fingerprint256: parsed.fingerprint256,
  };
}

/** Node gives one line an attribute, and undefined where a name is empty. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

/** `Nov 21 08:56:00 2026 GMT` to ISO 8601; as it is where it is no date. */
function isoDate(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
}

function unreadable(path: string, reason: string): Finding {
  return finding('certificate-unreadable', { path, reason });
}
