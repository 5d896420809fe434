/**
 * Fresh looks at the files that *Done when* names (O1): taken as a script would take them, through the same door, under
 * the contract and the policy file. What cannot be seen so is not known, which does not count as done.
 */
import type { Check } from '../../domain/contract.ts'
import { isJsonObject } from '../../domain/json.ts'
import type { OutcomeFacts } from '../../domain/outcome.ts'
import { withinTime } from './run/run-tool.ts'
import type { EngineContext } from './context.ts'
import { portsFor } from './watch/ports.ts'
import type { Looker } from './watch/ports.ts'

type FileLook = OutcomeFacts['file']

/** A disk that has not answered by then (ms), such as one of a network, does not answer. */
const LONGEST_LOOK_MS = 10_000

export async function lookAtFiles(context: EngineContext, looker: Looker): Promise<FileLook> {
  const ports = portsFor(context, looker)
  const seen = await Promise.all(
    pathsIn(looker.contract.done).map(async path => [path, await lookAt(path)] as const),
  )
  const looks = new Map(seen)
  return path => looks.get(path)

  async function lookAt(path: string): Promise<ReturnType<FileLook>> {
    try {
      const look = await withinTime(ports.ask('files.stat', { path }, {}), LONGEST_LOOK_MS)
      if (look === 'late' || !isJsonObject(look.output)) return undefined
      const { exists, bytes } = look.output
      return { exists: exists === true, size: Number(bytes ?? 0) }
    } catch (error) {
      context.log('info', 'a file under Done when could not be looked at', {
        id: looker.owner,
        error,
      })
      return undefined
    }
  }
}

function pathsIn(done: readonly Check[]): string[] {
  return [...new Set(done.flatMap(check => (check.kind === 'file-exists' ? [check.path] : [])))]
}
