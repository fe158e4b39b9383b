import { BackupError, isSystemError, reasonOf } from '../core/errors.ts';
import { readSmallFile, UnfitFile } from '../core/read-small-file.ts';
import { refusedRead } from '../core/refused-read.ts';
import { unsafeReasonHere } from '../core/safe-path.ts';
import {
  fields,
  flag,
  list,
  number,
  oneOf,
  optional,
  record,
  shallow,
  text,
  textLike,
  textThat,
  time,
  wholeNumber,
  type Shape,
} from '../core/value-shapes.ts';
import type { DatabaseSummary } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { compressions, type BackupMode, type Compression, type StorageFormat } from '../config/settings.ts';

/** More than this is no summary: a thousand warnings with the longest of paths fill less. */
export const largestMetadataBytes = 16 << 20;

/** The version of the format that this code writes. It reads this one and older ones. */
export const formatVersion = 1;

export type BackupKind = 'manual' | 'scheduled' | 'pre-restore' | 'api';

/** `metadata.json`: the summary of one backup. Sizes in bytes, durations in milliseconds. */
export interface Metadata {
  id: string;
  /** What the clock said when it was begun: ISO 8601, UTC. Order is by ID. */
  timestamp: string;
  /** The toolkit that made it. */
  version: string;
  format: number;
  name?: string;
  type: BackupKind;
  mode: BackupMode;
  incremental: boolean;
  /** The ID of the backup that it was made from. */
  base?: string;
  /** The ID of the backup whose chain this full one was made from, without a look at the project. */
  consolidatedFrom?: string;
  /** ISO 8601: it holds what had changed since then, and is no replacement for one that holds all. */
  since?: string;
  /** The IDs of the backups that it needs, oldest first, itself last. */
  chain: string[];
  targets: Record<string, { files: number; size: number }>;
  files: number;
  size: number;
  storedSize: number;
  /** `sha256:` and the SHA-256 of the uncompressed manifest. */
  checksum: string;
  duration: number;
  layout: StorageFormat;
  archive?: ArchiveSummary;
  /** The stored manifest, where it is encrypted: nothing of it is decrypted before its hash is checked. */
  manifest?: { file: string; size: number; sha256: string };
  /** `sha256:<hex>` of RESTORE.md, where the backup is encrypted: people run what it says. */
  instructions?: string;
  warnings: Finding[];
  complete: boolean;
  host: string;
  git?: { commit: string; branch?: string; dirty: boolean };
  databases: DatabaseSummary[];
  /** Paths of the entries that hold the `.env` files, encrypted. */
  envEncrypted?: string[];
  verifiedAt?: string;
  drilledAt?: string;
  /** HMAC-SHA-256, hex, of `authenticatedText`, where the backup is encrypted. */
  mac?: string;
}

/** How archive and manifest are encrypted. See docs/format.md, Encryption. */
export interface EncryptionSummary {
  algorithm: 'aes-256-ctr';
  kdf: 'pbkdf2-hmac-sha256';
  iterations: number;
  /** Hex, of the archive: 8 bytes. The manifest begins with its own. */
  salt: string;
  /** Hex, of the keys that are no file's: 8 bytes. */
  macSalt: string;
  /** Hex: tells a wrong key from a changed backup, and proves nothing. */
  keyCheck: string;
  /** Where the secret is the hex digits of the key file's bytes, not its one line of text. */
  keyForm?: 'hex';
  /** The public keys that the secret of this backup is wrapped to, in their order in `wrapped.key`. */
  recipients?: { fingerprint: string }[];
  /** SHA-256, hex, of `wrapped.key`, and of the same file beside the archive. */
  wrapped?: string;
}

export interface ArchiveSummary {
  /** The file's name; it rests beside the backup's folder. */
  file: string;
  /** Where it rests instead, absolute, because the user said so. */
  folder?: string;
  /** Bytes. Absent in the copy that the archive itself holds. */
  size?: number;
  sha256?: string;
  compression: Compression;
  /** Present where archive and manifest are encrypted. */
  encryption?: EncryptionSummary;
  /** Where the archive's own copy of the manifest begins, in stored bytes. */
  manifestOffset?: number;
}

/** What it says of a file is a name, never a path, and never a hidden one: it is looked for beside the backup only. */
// eslint-disable-next-line no-control-regex -- no such name is ours, and they end in commands and on screens
const fileName = textLike(/^[^./\\\u0000-\u001f\u007f][^/\\\u0000-\u001f\u007f]{0,254}$/);
const sha256 = textLike(/^[0-9a-f]{64}$/);
const idText = textLike(/^[A-Za-z0-9._-]{1,200}$/);
const amount = wholeNumber(0);

/** What sentences are made of: texts and numbers, and the findings that it follows from. */
const finding: Shape = (value) =>
  fields({
    code: text,
    message: text,
    path: optional(text),
    target: optional(text),
    params: optional(
      fields({
        path: optional(text),
        target: optional(text),
        reason: optional(text),
        kind: optional(text),
        expected: optional(text),
        found: optional(text),
        beside: optional(text),
        count: optional(number),
        causes: optional(list(finding)),
      }),
    ),
  })(value);

const metadataShape = fields({
  id: idText,
  timestamp: time,
  version: text,
  format: number,
  name: optional(text),
  type: oneOf('manual', 'scheduled', 'pre-restore', 'api'),
  mode: oneOf('full', 'incremental', 'differential'),
  incremental: flag,
  base: optional(idText),
  consolidatedFrom: optional(idText),
  since: optional(time),
  chain: list(idText),
  targets: record(fields({ files: amount, size: amount })),
  files: amount,
  size: amount,
  storedSize: amount,
  checksum: textLike(/^sha256:[0-9a-f]{64}$/),
  duration: number,
  layout: oneOf('tar', 'zip', 'directory'),
  archive: optional(
    fields({
      file: fileName,
      folder: optional(textLike(/^\/[^\0]*$/)),
      size: optional(amount),
      sha256: optional(sha256),
      compression: oneOf(...compressions),
      encryption: optional(
        fields({
          algorithm: oneOf('aes-256-ctr'),
          kdf: oneOf('pbkdf2-hmac-sha256'),
          // Another number would be another key; and an enemy's could keep us busy for years.
          iterations: wholeNumber(600_000, 600_000),
          salt: textLike(/^[0-9a-f]{16}$/),
          macSalt: textLike(/^[0-9a-f]{16}$/),
          keyCheck: textLike(/^[0-9a-f]{16}$/),
          keyForm: optional(oneOf('hex')),
          recipients: optional(list(fields({ fingerprint: textLike(/^sha256:[0-9a-f]{64}$/) }))),
          wrapped: optional(sha256),
        }),
      ),
      manifestOffset: optional(amount),
    }),
  ),
  manifest: optional(fields({ file: fileName, size: amount, sha256 })),
  warnings: list(finding),
  complete: flag,
  host: text,
  git: optional(fields({ commit: text, branch: optional(text), dirty: flag })),
  databases: list(
    fields({
      name: textThat((name) => unsafeReasonHere(name) === undefined),
      kind: text,
      version: optional(text),
      tables: optional(list(text)),
    }),
  ),
  envEncrypted: optional(list(text)),
  verifiedAt: optional(text),
  drilledAt: optional(text),
  instructions: optional(textLike(/^sha256:[0-9a-f]{64}$/)),
  mac: optional(textLike(/^[0-9a-f]{64}$/)),
});

const depth = shallow(12);

/**
 * Reads metadata.json's text.
 * @throws BackupError MANIFEST_DAMAGED where it is no metadata, or of a newer format.
 */
export function parseMetadata(json: string, backup: string): Metadata {
  if (json.length > largestMetadataBytes) {
    throw new BackupError('MANIFEST_DAMAGED', {
      backup,
      problem: `metadata.json: ${json.length} bytes are no summary`,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem: `metadata.json: ${reasonOf(error)}` });
  }
  const wrong = depth(value) ?? metadataShape(value);
  if (wrong !== undefined) {
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem: `metadata.json: ${wrong}: Invalid input` });
  }
  const metadata = value as Metadata;
  if (metadata.format > formatVersion) {
    const problem = `it is of format ${metadata.format}; this version reads up to ${formatVersion}`;
    throw new BackupError('MANIFEST_DAMAGED', { backup, problem });
  }
  return metadata;
}

/**
 * Reads the metadata.json of a backup's folder; undefined when there is none (the backup is not complete).
 * @throws BackupError BACKUP_UNREADABLE, MANIFEST_DAMAGED
 */
export async function readMetadata(folder: string): Promise<Metadata | undefined> {
  let json: string;
  try {
    json = readSmallFile(`${folder}/metadata.json`, largestMetadataBytes).toString('utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (error instanceof UnfitFile) {
      throw new BackupError('MANIFEST_DAMAGED', { backup: folder, problem: `metadata.json: ${error.message}` });
    }
    throw refusedRead(error, `${folder}/metadata.json`);
  }
  return parseMetadata(json, folder);
}

/**
 * metadata.json's text: for people too, so on many lines. The lines that the MAC does not cover come first, so that a shell
 * leaves them out with `sed`, and what remains is what the MAC was made of.
 */
export function formatMetadata(metadata: Metadata): string {
  const { mac, verifiedAt, drilledAt, ...rest } = metadata;
  if (mac === undefined) return toText(metadata);
  const first = {
    mac,
    ...(verifiedAt === undefined ? {} : { verifiedAt }),
    ...(drilledAt === undefined ? {} : { drilledAt }),
  };
  return toText({ ...first, ...rest });
}

/**
 * What the MAC of a backup covers: the text of its metadata.json without the MAC itself, and without what is noted later. So
 * the canonical form is JSON with its keys in the order of the file, two spaces a level, a line end behind it.
 */
export function authenticatedText(metadata: Metadata): string {
  const { mac: _mac, verifiedAt: _verifiedAt, drilledAt: _drilledAt, ...rest } = metadata;
  return toText(rest);
}

const toText = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
