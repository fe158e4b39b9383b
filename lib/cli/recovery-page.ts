import type { Messages } from '../messages/messages.ts';
import { recoveryCommands } from '../operations/recovery-commands.ts';
import { holdsKey, type RecoveryFacts } from '../operations/recovery-facts.ts';
import { formatMoment } from './format-moment.ts';

/** A recovery kit as a page, whatever it is written in. */
export interface RecoveryPage {
  title: string;
  project: string;
  facts: { name: string; value: string }[];
  caution: { text: string; isSerious: boolean };
  sections: PageSection[];
}

export interface PageSection {
  heading?: string;
  text: string[];
  /** Shown large, to be read and typed; and as codes. */
  key?: PageKey;
  /** Commands for a shell. */
  commands?: string[];
}

export interface PageKey {
  /** The key, in pieces for the eye, or in lines. */
  groups: string[];
  isLines: boolean;
  /** What the codes hold: put together, the key. */
  codes: string[];
}

/** Characters of a code that a telephone reads from paper without trouble. */
const codeCharacters = 800;

const groupCharacters = 4;

export function recoveryPage(facts: RecoveryFacts, words: Messages['recoveryKit']): RecoveryPage {
  const { backup, project, root, store, host, madeAt } = facts;
  return {
    title: words.title,
    project,
    facts: [
      { name: words.project, value: project },
      { name: words.folder, value: root },
      { name: words.store, value: store },
      { name: words.host, value: host },
      { name: words.made, value: formatMoment(madeAt) },
      { name: words.newest, value: backup?.id ?? words.none },
    ],
    caution: holdsKey(facts) ? { text: words.holdsKey, isSerious: true } : { text: words.withoutKey, isSerious: false },
    sections: [...keySections(facts, words), ...handSections(facts, words), ...otherSections(facts, words)],
  };
}

function keySections({ key }: RecoveryFacts, words: Messages['recoveryKit']): PageSection[] {
  const heading = words.keyHeading;
  switch (key.kind) {
    case 'secret':
      return [{ heading, ...(key.isPrinted ? printedKey(key, words) : { text: [sourceOf(key, words)] }) }];
    case 'command': {
      const { source, command } = key;
      const text = command === undefined ? words.keyFromSecretCommand(source) : words.keyFromCommand(source, command);
      return [{ heading, text: [text] }];
    }
    case 'recipients': {
      const named = key.recipients.map(({ file, fingerprint }) =>
        file === undefined ? fingerprint : words.recipient(file, fingerprint),
      );
      const commands = ['openssl pkey -in private.pem -pubout -outform DER | sha256sum'];
      const printed = key.privateKey === undefined ? [] : [privateKeySection(key.privateKey, words)];
      return [{ heading, text: [words.recipients, ...named, words.privateFits], commands }, ...printed];
    }
  }
}

function sourceOf({ file, source }: { file?: string; source: string }, words: Messages['recoveryKit']): string {
  return file === undefined ? words.keyFrom(source) : words.keyInFile(file);
}

function printedKey(
  { text, secret }: { text?: string; secret: Buffer },
  words: Messages['recoveryKit'],
): Pick<PageSection, 'text' | 'key'> {
  if (text === undefined) {
    return {
      text: [words.keyRaw],
      key: { groups: inPieces(secret.toString('hex'), groupCharacters), isLines: false, codes: [] },
    };
  }
  const isHex = /^[0-9a-f]+$/.test(text);
  return {
    text: [words.keyLine([...text].length), ...(isHex ? [words.keyHex] : [])],
    // Gaps would not be told from blanks that are part of it.
    key: {
      groups: isHex ? inPieces(text, groupCharacters) : [text],
      isLines: false,
      codes: inPieces(text, codeCharacters),
    },
  };
}

function privateKeySection(pem: string, words: Messages['recoveryKit']): PageSection {
  return {
    text: [words.privateKey],
    key: { groups: pem.trimEnd().split('\n'), isLines: true, codes: inPieces(pem, codeCharacters) },
  };
}

function inPieces(text: string, length: number): string[] {
  const characters = [...text];
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, at) =>
    characters.slice(at * length, (at + 1) * length).join(''),
  );
}

function handSections(facts: RecoveryFacts, words: Messages['recoveryKit']): PageSection[] {
  const { backup } = facts;
  const commands = recoveryCommands(facts);
  const others = (backup?.archives.length ?? 1) - 1;
  const instructions = `${backup?.id ?? 'BACKUP-ID'}/RESTORE.md`;
  return [
    {
      heading: backup === undefined ? words.exampleHeading : words.handHeading,
      text: [words.handNeeds, ...(backup === undefined ? [words.exampleNote] : [])],
      commands: [...commands.begin, ...commands.key],
    },
    ...(commands.check.length === 0 ? [] : [{ text: [words.checkNote], commands: commands.check }]),
    { text: [others > 0 ? words.openChainNote(others) : words.openNote], commands: commands.open },
    { text: [others > 0 ? words.chainNote : words.unpackNote], commands: commands.unpack },
    ...(commands.environment.length === 0 ? [] : [{ text: [words.environmentNote], commands: commands.environment }]),
    { text: [words.backNote(instructions)] },
  ];
}

function otherSections(facts: RecoveryFacts, words: Messages['recoveryKit']): PageSection[] {
  return [
    { heading: words.toolkitHeading, text: [words.toolkitNote], commands: recoveryCommands(facts).toolkit },
    { heading: words.otherHeading, text: [words.otherNote] },
  ];
}
