/**
 * The head of the audit log as it is kept outside the database (P5): one small file that is whole or not there.
 * Owns the file. Does not own which row is the head, or when it is saved.
 */
import fs from 'node:fs'
import { open, rename } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { KeptHead } from '../../domain/audit.ts'

const headSchema = z.object({ seq: z.int(), mac: z.string() })
export type Head = z.output<typeof headSchema>

export class AuditHeadFile {
  readonly #file: string

  constructor(folder: string) {
    this.#file = path.join(folder, 'audit.head')
  }

  /** Undefined before the first was kept; `damaged` where what is there is no head. */
  read(): KeptHead | undefined {
    if (!fs.existsSync(this.#file)) return undefined
    try {
      return headSchema.safeParse(JSON.parse(fs.readFileSync(this.#file, 'utf8'))).data ?? 'damaged'
    } catch (error) {
      if (error instanceof SyntaxError) return 'damaged'
      throw error
    }
  }

  /**
   * Resolves when the disk has it. The content is there before it gets the name: a crash between the two would leave
   * the name of an empty file.
   */
  async save(head: Head): Promise<void> {
    const draft = `${this.#file}.new`
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(JSON.stringify(head))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, this.#file)
    await syncFolder(path.dirname(this.#file))
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
