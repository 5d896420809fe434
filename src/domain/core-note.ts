/** What a running core leaves in its data folder for others to find it by. It proves nothing: the lock does. */
import { z } from 'zod'

export const CORE_NOTE_FILE = 'core.json'

const coreNoteSchema = z.object({ pid: z.int().positive(), url: z.url(), startedAt: z.int() })
export type CoreNote = z.output<typeof coreNoteSchema>

/** The note a file's text holds; undefined where it is none. */
export function parseCoreNote(text: string): CoreNote | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  return coreNoteSchema.safeParse(json).data
}
