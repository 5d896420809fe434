/** The examples of chapters 06 and 16 do what they say, as they are printed there. */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseContract } from '../../src/domain/contract-check.ts'
import type { Json } from '../../src/domain/json.ts'
import type { ToolDeclaration } from '../../src/domain/tool.ts'
import type { AnyTrigger, Trigger } from '../../src/domain/triggers/list.ts'
import type { FolderScan, Look, Looking } from '../../src/domain/triggers/trigger.ts'
import { fillGallery } from '../../src/main/engine/gallery.ts'
import { createWorld, tempFolder, until } from '../support/world.ts'
import type { World } from '../support/world.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
let folder: string
let world: World | null = null

beforeEach(() => {
  folder = tempFolder()
})
afterEach(async () => {
  await world?.stop()
  if (world !== null) fs.rmSync(world.folder, { recursive: true, force: true })
  world = null
  fs.rmSync(folder, { recursive: true, force: true })
})

/** The blocks of code of a chapter, in their order. */
function blocks(chapter: string, language: string): string[] {
  const text = fs.readFileSync(path.join(ROOT, 'docs', chapter), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)].flatMap(([, tag, code = '']) =>
    tag === language ? [code] : [],
  )
}

/** The module as it would be where the chapter says it belongs. */
async function moduleAt(place: string, code: string): Promise<Record<string, unknown>> {
  const from = path.dirname(path.join(ROOT, place))
  const file = path.join(folder, path.basename(place))
  const bound = code.replaceAll(/from '(\.[^']+)'/g, (_, to: string) => `from '${path.resolve(from, to)}'`)
  fs.writeFileSync(file, bound.replaceAll("from 'zod'", `from '${ROOT}/node_modules/zod/index.js'`))
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>
}

/** A lamp whose answer to a new colour can be lost. */
class DeskLamp {
  glows = '#000000'
  locked = false
  set: string[] = []
  losing = false

  colour = async () => this.glows
  setColour = async (colour: string) => {
    if (this.locked) return 'refused' as const
    this.glows = colour
    this.set.push(colour)
    if (this.losing) await new Promise(() => undefined)
    return 'done' as const
  }
}

describe('the tool of chapter 06', () => {
  let lamp: DeskLamp
  let tools: ToolDeclaration[]

  beforeEach(async () => {
    lamp = new DeskLamp()
    const [code = ''] = blocks('06-tools-api.md', 'ts')
    const { lampTools } = await moduleAt('src/main/tools/lamp.ts', code)
    tools = (lampTools as (lamp: DeskLamp) => ToolDeclaration[])(lamp)
  })

  async function install(at: World): Promise<void> {
    await at.install(
      'evening',
      `import { glow } from 'tools/lamp'
       export default async event => {
         try { return await glow(event.colour) } catch (error) { return error.message }
       }`,
      { uses: ['tools/lamp'], changes: [{ tool: 'lamp.glow', accounts: ['lamp'], approval: 'never' }] },
    )
  }

  it('does it, says what it did, fails as it says, and can be taken back', async () => {
    world = await createWorld({ tools })
    const { engine } = world
    await install(world)
    const run = await world.run('evening', { colour: '#ff8800' })
    expect(world.result(run)).toEqual({ before: '#000000', colour: '#ff8800' })
    expect(world.result(await world.run('evening', { colour: 'red' }))).toContain('is a colour, such as')
    const undo = await engine.undoing.begin(run)
    await until(() => engine.undoing.undo(undo).state === 'ended', 'the undo never ended')
    expect(lamp.glows).toBe('#000000')
    lamp.locked = true
    expect(world.result(await world.run('evening', { colour: '#ffffff' }))).toContain('The lamp refused')
    expect(lamp.set).toEqual(['#ff8800', '#000000'])
  })

  it('J4 is not done twice where the answer was lost: it looks whether it was done', async () => {
    lamp.losing = true
    world = await createWorld({ tools })
    await install(world)
    const { row } = await world.emit({
      workflow: 'evening',
      type: 'manual',
      payload: { colour: '#00ff00' },
      sourceType: 'test',
      sourceId: 'test',
    })
    await until(() => lamp.set.length === 1, 'it was never set')
    const before = world
    await before.stop()
    lamp.losing = false
    world = await createWorld({ tools, folder: before.folder })
    const { engine } = world
    await until(() => engine.event(row.id).state === 'done', 'the run was lost')
    const run = engine.run(engine.event(row.id).run_id ?? '')
    expect(world.result(run)).toEqual({ before: '#000000', colour: '#00ff00' })
    expect(lamp.set).toEqual(['#00ff00'])
  })
})

describe('the trigger of chapter 16', () => {
  it('R8 draws the line, fires when the limit is passed, and then again after it was fallen below', async () => {
    const [code = ''] = blocks('16-extensibility.md', 'ts')
    const { folderFull } = await moduleAt('src/domain/triggers/folder-full.ts', code)
    const trigger = folderFull as AnyTrigger
    const spec = trigger.schema.parse(trigger.examples[0])
    expect(trigger.describe(spec, 'UTC')).toBe(
      'When /home/me/Downloads holds more than 200 files, looked at every 10 minutes',
    )
    const keys: (string | undefined)[] = []
    let cursor: Json = null
    for (const files of [300, 301, 10, 201, 202, 200, 250]) {
      const look: Look<Json, Json> | undefined = await trigger.watch?.look(lookingAt(spec, cursor, files))
      cursor = look?.cursor ?? null
      for (const payload of look?.payloads ?? []) {
        expect(trigger.payload.parse(payload)).toEqual(payload)
        keys.push(trigger.key?.(payload))
      }
    }
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(2)
  })
})

function lookingAt(spec: Trigger, cursor: Json, files: number): Looking<Trigger, Json> {
  const scan = { identity: '1', files: Array.from({ length: files }), unread: [] } as unknown as FolderScan
  const ports = {
    ask: () => Promise.reject(new Error('nobody is asked')),
    scan: () => Promise.resolve(scan),
  }
  return { spec, cursor, now: 0, most: 10, ports }
}

describe('the gallery entry of chapter 16', () => {
  it('is filled, installed and run', async () => {
    const [gallery = '', contract = ''] = blocks('16-extensibility.md', 'json')
    const [script = ''] = blocks('16-extensibility.md', 'js')
    const entry = path.join(folder, 'gallery', 'count-files')
    const counted = path.join(folder, 'Letters')
    fs.mkdirSync(entry, { recursive: true })
    fs.mkdirSync(counted)
    for (const name of ['a', 'b', 'c']) fs.writeFileSync(path.join(counted, name), '')
    fs.writeFileSync(path.join(entry, 'gallery.json'), gallery)
    fs.writeFileSync(path.join(entry, 'contract.json'), contract)
    fs.writeFileSync(path.join(entry, 'script.js'), script)
    const options = { folder: path.join(folder, 'gallery'), home: folder, zone: 'Europe/Berlin' }
    const filled = fillGallery('count-files', { folder: '~/Letters' }, undefined, options)
    expect(filled.name).toBe('count-letters')
    world = await createWorld()
    await world.engine.install(filled)
    expect(world.result(await world.run('count-letters'))).toMatchObject({ files: 3 })
  })
})

describe('the contracts of chapter 10', () => {
  it('can be kept, each as it is printed', () => {
    const contracts = blocks('10-intent-contract.md', 'json').map(code => parseContract(JSON.parse(code)))
    expect(contracts.map(read => (read.ok ? null : read.failure.message))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
  })
})
