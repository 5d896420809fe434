/** What plans are worked on with, and what is told of one while it is. */
import type { Models } from '../../../domain/model.ts'
import type { KnownConnection } from '../../../planner/agent/ports.ts'
import type { Tx } from '../../store/tx.ts'
import type { EngineContext } from '../context.ts'
import type { GalleryOptions } from '../gallery.ts'
import type { Installed, InstallRequest } from '../install.ts'

export interface PlanRoom {
  context: EngineContext
  models: Models
  install: (request: InstallRequest, also: (tx: Tx, installed: Installed) => void) => Promise<Installed>
  gallery: GalleryOptions
  connections: () => readonly KnownConnection[]
}

/** What a plan is at, while somebody waits for it. */
export interface Progress {
  /** In words: “Playing the script without changing anything”. */
  doing: string
  since: number
  steps: number
  /** What the model has said so far of its next reply. */
  text: string
}
