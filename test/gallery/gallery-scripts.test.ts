import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillGallery, listGallery, showGallery } from '../../src/main/engine/gallery.ts'
import { effectsOf } from '../../src/main/engine/tool-effects.ts'
import { checkTypes } from '../../src/main/tools/scripts/check-types.ts'
import { inspectScript } from '../../src/sandbox/inspect.ts'
import { lintScript } from '../../src/sandbox/lint.ts'
import { declared } from '../support/declared-tools.ts'

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

describe('the scripts of the gallery', () => {
  it('compile against the declarations of the tools', async () => {
    const found = await declared(registry =>
      Object.entries(scripts()).flatMap(([name, source]) => {
        const declarations = inspectScript(source).imports.map(
          module => registry.declarationText(module) ?? '',
        )
        const { problems } = checkTypes({ source, declarations })
        return problems.map(({ line, message }) => `${name}:${String(line)} ${message}`)
      }),
    )
    expect(found).toEqual([])
    expect(Object.keys(scripts()).length).toBeGreaterThan(15)
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
