import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillGallery, listGallery, showGallery } from '../../src/main/engine/gallery.ts'
import { effectsOf } from '../../src/main/engine/tool-effects.ts'
import { archiveTools } from '../../src/main/tools/archive.ts'
import { calendarTools } from '../../src/main/tools/calendar.ts'
import { createCompute } from '../../src/main/tools/compute/pool.ts'
import { feedsTools } from '../../src/main/tools/feeds.ts'
import { filesTools } from '../../src/main/tools/files.ts'
import { flowTools } from '../../src/main/tools/flow.ts'
import { httpTools } from '../../src/main/tools/http.ts'
import { imagesTools } from '../../src/main/tools/images.ts'
import { createHttpClient } from '../../src/main/tools/network/client.ts'
import { notesTools } from '../../src/main/tools/notes.ts'
import { notifyTools } from '../../src/main/tools/notify.ts'
import { pagesTools } from '../../src/main/tools/pages.ts'
import { createRegistry } from '../../src/main/tools/registry.ts'
import type { ToolRegistry } from '../../src/main/tools/registry.ts'
import { stateTools } from '../../src/main/tools/state.ts'
import { tablesTools } from '../../src/main/tools/tables.ts'
import { textTools } from '../../src/main/tools/text.ts'
import { WebReader, webTools } from '../../src/main/tools/web.ts'
import { inspectScript } from '../../src/sandbox/inspect.ts'
import { lintScript } from '../../src/sandbox/lint.ts'
import { complaints } from '../support/check-script-types.ts'

let home: string

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-gallery-'))
  for (const folder of ['Backups', 'Documents', 'Downloads', 'Pictures/Camera'])
    fs.mkdirSync(path.join(home, folder), { recursive: true })
  fs.writeFileSync(path.join(home, 'app.log'), '')
})

afterAll(() => {
  fs.rmSync(home, { recursive: true })
})

/** Each entry's script, filled from its own examples. */
function scripts(): Record<string, string> {
  return Object.fromEntries(
    listGallery().map(({ id }) => {
      const { slots } = showGallery(id)
      const answers = Object.fromEntries(slots.map(slot => [slot.name, slot.example]))
      return [`${id}.js`, fillGallery(id, answers, undefined, { home }).source]
    }),
  )
}

/** All tools that its scripts use, not to be called. */
async function declared<T>(use: (tools: ToolRegistry) => T): Promise<T> {
  const client = createHttpClient({ now: () => 0 })
  const compute = createCompute()
  const reader = new WebReader({ client, compute })
  const tools = [
    ...[...filesTools(), ...flowTools(), ...httpTools(client), ...notifyTools(), ...stateTools()],
    ...[...feedsTools(reader), ...notesTools(), ...pagesTools(reader), ...tablesTools(compute)],
    ...[...archiveTools(), ...imagesTools(compute), ...calendarTools({ client, compute })],
    ...webTools({ reader, searchProvider: () => Promise.resolve(null) }),
  ]
  try {
    return use(createRegistry([...tools, ...textTools(compute)]))
  } finally {
    await Promise.all([client.close(), compute.close()])
  }
}

describe('the scripts of the gallery', () => {
  it('compile against the declarations of the tools', async () => {
    const found = await declared(registry => {
      const declarations = registry
        .families()
        .map(family => registry.declarationText(`tools/${family}`) ?? '')
      return complaints(declarations.join('\n'), scripts())
    })
    expect(Object.values(found).flat()).toEqual([])
    expect(Object.keys(found)).toContain('tidy-folder.js')
  })

  it('leave lint nothing to say', async () => {
    const found = await declared(registry =>
      Object.entries(scripts()).flatMap(([name, source]) =>
        lintScript(source, effectsOf(registry)).map(
          ({ line, message }) => `${name}:${String(line)} ${message}`,
        ),
      ),
    )
    expect(found).toEqual([])
  })

  it('have a run, and names for every each', () => {
    for (const source of Object.values(scripts())) {
      const { exports, eachNames, failure } = inspectScript(source)
      expect([failure, exports.run, eachNames.includes(null)]).toEqual([null, true, false])
    }
  })
})
