import { requirePrograms } from './find-program.ts';
import { pipeline, type BenchTool } from './tool.ts';

/** tar with a compressor, and rsync: what people use who use no backup tool. */
export function stockTools(): BenchTool[] {
  return [
    packed('tar-gzip', 'tar | gzip -6', 'gz', 'gzip -6', 'gzip', requirePrograms('tar', 'gzip')),
    packed('tar-pigz', 'tar | pigz -6', 'gz', 'pigz -6', 'pigz', requirePrograms('tar', 'pigz')),
    packed('tar-zstd', "tar -I 'zstd -3 -T0'", 'zst', 'zstd -q -3 -T0', 'zstd -q', requirePrograms('tar', 'zstd')),
    {
      name: 'rsync',
      label: 'rsync -a',
      ...requirePrograms('rsync'),
      backup: (place) => ({ argv: ['rsync', '-a', `${place.host}/`, `${place.store}/`] }),
      restore: (place) => ({ argv: ['rsync', '-a', `${place.store}/`, `${place.destination}/`] }),
    },
  ];
}

function packed(
  name: string,
  label: string,
  ending: string,
  compress: string,
  program: string,
  requirement: { missing?: string },
): BenchTool {
  const archive = `"$STORE"/host.tar.${ending}`;
  return {
    name,
    label,
    ...requirement,
    backup: (place) => pipeline(`tar -C "$HOST" -cf - . | ${compress} > ${archive}`, place),
    restore: (place) => pipeline(`${program} -dc < ${archive} | tar -C "$DESTINATION" -xf -`, place),
    verify: (place) => pipeline(`${program} -t < ${archive}`, place),
  };
}
