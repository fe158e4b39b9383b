import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { BackupError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { BackupSecret } from './backup-secret.ts';
import { runKeyCommand } from './key-command.ts';
import { fileVariable, readKeyFile } from './key-file.ts';
import { nameOf, parseKey, type Key, type KeySource } from './key.ts';
import { mostWrappedBytes, recipientKeys, recipientOf, type Recipient } from './recipients.ts';

export interface KeyRingOptions {
  /** The project root, absolute: relative paths of settings and variables begin there. */
  root: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** The file of `--encryption-key`, absolute. */
  keyFile?: string | undefined;
  /** `storage.encryptionKey`. `isWrittenOut`: the settings hold it themselves. */
  settingsKey?: { value: string; isWrittenOut: boolean } | undefined;
  /** Files of keys that older backups were encrypted with. */
  oldKeyFiles?: readonly string[];
  /** Files of public keys, in place of a secret. */
  recipients?: readonly string[];
  /** What errors call the place where they are named; default: the setting. */
  recipientsFrom?: string;
  signal: AbortSignal;
}

/** The variables, in the order in which they are looked at. */
export const commandVariable = 'BACKUP_ENCRYPTION_KEY_COMMAND';
const textVariable = 'BACKUP_ENCRYPTION_KEY';

/** What names a key, or is one: for nobody but this toolkit. */
export const keyVariables = [fileVariable, commandVariable, textVariable] as const;

type Place = () => Promise<Key>;

/**
 * The keys that a run was given, read when they are needed and once only. The first source that is set has the word where
 * something is encrypted; for what is there already each is tried, in the same order, and then the old ones.
 */
export class KeyRing {
  /** What there is to tell of the keys that were read so far. */
  readonly findings: Finding[] = [];
  private readonly options: KeyRingOptions;
  private places: Place[] | undefined;
  private readonly read = new Map<number, Promise<Key>>();
  private readonly secrets = new Map<Buffer, BackupSecret>();
  /** How many of the places are not those of old keys. */
  private ownPlaces = 0;

  constructor(options: KeyRingOptions) {
    this.options = options;
  }

  /** The same keys, with these public keys in place of those of the settings. */
  withRecipients(recipients: readonly string[]): KeyRing {
    return new KeyRing({ ...this.options, recipients, recipientsFrom: '--recipient' });
  }

  /** For what is not going to need one: it looks nowhere. */
  static without(): KeyRing {
    const none = new KeyRing({ root: '/', environment: {}, signal: new AbortController().signal });
    none.places = [];
    return none;
  }

  /**
   * The key of the first source that is set; undefined where none is.
   * @throws BackupError KEY_UNREADABLE, KEY_INVALID, INTERRUPTED
   */
  async primary(): Promise<Key | undefined> {
    const places = this.placesInOrder();
    return places.length === 0 || this.ownPlaces === 0 ? undefined : this.keyAt(0);
  }

  /** What there is to tell of the keys that were read: to whoever asks first. */
  takeFindings(): Finding[] {
    return this.findings.splice(0);
  }

  /** The secret of a key, the same one each time: what was derived from it is kept. */
  secretOf({ secret }: Extract<Key, { kind: 'secret' }>): BackupSecret {
    let known = this.secrets.get(secret);
    if (known === undefined) this.secrets.set(secret, (known = new BackupSecret(secret)));
    return known;
  }

  /** All keys, the primary one first. @throws as `primary` */
  async *candidates(): AsyncGenerator<Key> {
    for (const index of this.placesInOrder().keys()) yield await this.keyAt(index);
  }

  /**
   * The public keys that are given, in their order; none where a secret is used.
   * @throws BackupError KEY_UNREADABLE, KEY_INVALID
   */
  recipients(): Recipient[] {
    let wrappedBytes = 0;
    return (this.options.recipients ?? []).map((path) => {
      const source = { name: this.options.recipientsFrom ?? 'storage.recipients', file: this.absolute(path) };
      const { key } = readKeyFile(source);
      const recipient = key.kind === 'secret' ? undefined : recipientOf(key.key);
      wrappedBytes += recipient?.wrappedBytes ?? 0;
      if (recipient !== undefined && wrappedBytes <= mostWrappedBytes) return recipient;
      const problem =
        recipient === undefined ? `it is no ${recipientKeys}, in PEM` : 'a backup cannot be wrapped to so many keys';
      throw new BackupError('KEY_INVALID', { source: nameOf(source), problem });
    });
  }

  private keyAt(index: number): Promise<Key> {
    let key = this.read.get(index);
    if (key === undefined) {
      const place = this.placesInOrder()[index];
      if (place === undefined) throw new RangeError('there is no such key');
      this.read.set(index, (key = place()));
    }
    return key;
  }

  private placesInOrder(): Place[] {
    return (this.places ??= this.findPlaces());
  }

  private findPlaces(): Place[] {
    const { keyFile, settingsKey, oldKeyFiles = [] } = this.options;
    const environment = this.environment();
    const own: Place[] = [];
    if (keyFile !== undefined) own.push(() => this.fromFile({ name: '--encryption-key', file: keyFile }));
    const file = environment[fileVariable];
    if (file !== undefined) own.push(() => this.fromFile({ name: fileVariable, file: this.absolute(file) }));
    const command = environment[commandVariable];
    if (command !== undefined) own.push(() => this.fromCommand(command));
    const text = environment[textVariable];
    if (text !== undefined) own.push(async () => fromText(text, { name: textVariable }));
    if (settingsKey !== undefined && settingsKey.value !== '') {
      own.push(async () => {
        if (settingsKey.isWrittenOut) this.findings.push(finding('key-in-settings'));
        return fromText(settingsKey.value, { name: 'storage.encryptionKey' });
      });
    }
    this.ownPlaces = own.length;
    const old = oldKeyFiles.map((path): Place => {
      return () => this.fromFile({ name: 'storage.oldKeyFiles', file: this.absolute(path) });
    });
    return [...own, ...old];
  }

  private async fromFile(source: Required<KeySource>): Promise<Key> {
    const { key, findings } = readKeyFile(source);
    this.findings.push(...findings);
    return key;
  }

  private fromCommand(command: string): Promise<Key> {
    const { root, environment, signal } = this.options;
    return runKeyCommand(command, { name: commandVariable }, { folder: root, environment, signal });
  }

  /** The process's variables, and of those that it does not set the ones of `.env`. */
  private environment(): Partial<Record<(typeof keyVariables)[number], string>> {
    const own = pick(this.options.environment);
    // Where the process sets all of them, `.env` has nothing to say.
    return keyVariables.every((name) => own[name] !== undefined) ? own : { ...pick(this.readDotenv()), ...own };
  }

  private readDotenv(): Record<string, string> {
    try {
      return parse(readFileSync(join(this.options.root, '.env'), 'utf8').replace(/^\ufeff/, ''));
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return {};
    }
  }

  private absolute(path: string): string {
    return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(this.options.root, path);
  }
}

/** A text may hold a PEM key, its line ends written as `\n`, as `.env` files have them. */
const fromText = (text: string, source: KeySource): Key =>
  parseKey(Buffer.from(text.startsWith('-----BEGIN') ? text.replaceAll('\\n', '\n') : text, 'utf8'), source);

function pick(
  environment: Readonly<Record<string, string | undefined>>,
): Partial<Record<(typeof keyVariables)[number], string>> {
  const picked: Partial<Record<(typeof keyVariables)[number], string>> = {};
  for (const name of keyVariables) {
    const value = environment[name];
    if (value !== undefined && value !== '') picked[name] = value;
  }
  return picked;
}
