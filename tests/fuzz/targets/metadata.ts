import { formatMetadata, parseMetadata } from '../../../lib/store/metadata.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateJson, textOf } from '../mutate-json.ts';

/** The text of metadata.json. What is let pass must be able to be written again. */
export const metadataTarget: FuzzTarget = {
  name: 'metadata',
  share: 10,
  make(random, { stores }) {
    const { files, ids } = random.pick(stores);
    const text = files[`${random.pick(ids)}/metadata.json`] ?? Buffer.from('{}');
    const isKnown = random.chance(0.85);
    const bytes = isKnown
      ? Buffer.from(textOf(random, mutateJson(random, JSON.parse(String(text)))))
      : mutateBytes(random, text);
    return { files: { 'metadata.json': bytes }, options: {} };
  },
  async run({ files }) {
    await Promise.resolve();
    formatMetadata(parseMetadata(String(files['metadata.json']), 'backup'));
  },
};
