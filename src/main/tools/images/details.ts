/** The details of a picture, taken out of it by a compute host that can be stopped. */
import { isFailureError } from '../../../domain/failure.ts'
import type { ToolContext } from '../../../domain/tool.ts'
import type { Compute } from '../compute/pool.ts'
import type { Header } from './darkroom.ts'
import { NO_DETAILS, type Details } from './facts.ts'

const MAX_EXIF_BYTES = 1_048_576

/** Details are a claim beside the picture: where they cannot be read, the picture still can. */
export async function detailsOf(
  compute: Compute,
  { meta }: Header,
  { runId, signal }: Pick<ToolContext, 'runId' | 'signal'>,
): Promise<Details> {
  if (meta.exif === undefined) return NO_DETAILS
  if (meta.exif.length > MAX_EXIF_BYTES)
    return { ...NO_DETAILS, problem: 'The EXIF data is larger than 1 MB.' }
  try {
    return await compute.run('images.exif', { exif: Uint8Array.from(meta.exif) }, { owner: runId, signal })
  } catch (error) {
    if (!isFailureError(error) || error.failure.kind !== 'script-limit') throw error
    return { ...NO_DETAILS, problem: 'The EXIF data is a trap: it describes far more than it holds.' }
  }
}
