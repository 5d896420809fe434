import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, Page } from './stage.ts'

let stage: Stage
let tests = 0
/** Of this test's page. */
let place: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  place = `/${String(++tests)}`
})

afterAll(async () => {
  await stage.close()
})

function show(body: string, more: Partial<Page> = {}): void {
  const head = '<html lang="de"><head><title>Offer</title></head>'
  stage.pages.set(place, { body: `${head}<body>${body}</body></html>`, ...more })
}

function watch(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('page-watch', { url: stage.site.url(place), ...slots })
}

/** Shows this and lets it be looked at; gives the titles of what was said of it. */
async function said(automation: Automation, body: string, more: Partial<Page> = {}): Promise<string[]> {
  const before = automation.notices().length
  show(body, more)
  await automation.looks()
  return automation
    .notices()
    .slice(before)
    .map(({ title }) => title)
}

function lastBody(automation: Automation): string[] {
  return (automation.notices().at(-1)?.body ?? '').split('\n').slice(1)
}

describe('page-watch', () => {
  it('R8 tells what changed in the part that counts, line by line, and nothing while it stays', async () => {
    show('<main><p>One</p><p>Two</p></main><aside>ad 1</aside>')
    const page = await watch({ selector: 'main', without: '.date' })
    expect(page.installed.watched).toMatchObject([{ existing: 'skip', count: 1 }])
    expect(await said(page, '<main><p>One</p><p>Two</p><i class="date">5.1.</i></main>')).toEqual([])
    expect(await said(page, '<main><p>One</p><p>Three</p></main>')).toEqual(['Offer changed'])
    expect(lastBody(page)).toEqual(['− Two', '+ Three'])
    expect(await said(page, '<main><p>One</p><p>Three</p></main>')).toEqual([])
    expect(await said(page, '<main><p>One</p><p>Two</p></main>')).toEqual(['Offer changed'])
    expect(lastBody(page)[0]).toBe('It is again as it was lately.')
  })

  it('tells of a price each time it falls to what was named, and of none on the way', async () => {
    show('<b class="price">129,00 €</b><b>5,00 € postage</b>')
    const page = await watch({ selector: '.price', price: '99,90' })
    expect(page.installed.watched).toMatchObject([{ existing: 'process' }])
    await page.idle()
    const price = (text: string) => said(page, `<b class="price">${text}</b>`)
    expect(await price('119,00 €')).toEqual([])
    expect(await price('99,90 €')).toEqual(['Offer: 99,90 €'])
    expect(lastBody(page)).toEqual(['It was 119,00 €. You wanted to know of 99.9 or less.'])
    expect(await price('79,– €')).toEqual([])
    expect(await price('1.299,00 €')).toEqual([])
    expect(await price('95 €')).toEqual(['Offer: 95 €'])
    expect(page.results('page').at(-1)).toMatchObject({ price: '95 €', told: true })
  })

  it('R8 tells of a price that is there already when it goes live', async () => {
    show('<b>89,00 €</b>')
    const page = await watch({ price: '50', side: 'rises' })
    await expect.poll(() => page.notices().length).toBe(1)
    expect(page.notices()[0]?.title).toBe('Offer: 89,00 €')
    expect(lastBody(page)).toEqual(['You wanted to know of 50 or more.'])
    expect(await said(page, '<b>91,00 €</b>')).toEqual([])
  })

  it('says once that the price can no longer be made out, and does not tell twice of one price', async () => {
    show('<b>80 €</b>')
    const page = await watch({ price: '99', selector: 'b' })
    await expect.poll(() => page.notices().length).toBe(1)
    expect(await said(page, '<b>Sold out</b>')).toEqual(['Offer: no price found'])
    expect(page.notices().at(-1)?.level).toBe('warning')
    expect(await said(page, '<b>Sold out, sorry</b>')).toEqual([])
    expect(await said(page, '<b>80 €</b>')).toEqual([])
  })

  it('takes a page that is broken, gone or of another kind for no change, and says so as one action', async () => {
    show('<main>One</main>')
    const page = await watch({ selector: 'main' })
    expect(await said(page, '<div>Rebuilt</div>')).toEqual([])
    expect(await said(page, 'Gone', { status: 404 })).toEqual([])
    expect(await said(page, '%PDF-1.7', { type: 'application/pdf' })).toEqual([])
    expect(page.actions().map(({ kind }) => kind)).toEqual(['watch-failed'])
    expect(await said(page, '<main>One</main>')).toEqual([])
    expect(page.actions()).toEqual([])
    expect(await said(page, '<main>Two</main>')).toEqual(['Offer changed'])
  })

  it('stops telling for a day of a page that never keeps still', async () => {
    show('0')
    const page = await watch({ everyMinutes: '5' })
    let told = 0
    for (let number = 1; number <= 10; number++) told += (await said(page, String(number))).length
    expect(told).toBe(8)
    expect(lastBody(page)[0]).toContain('no more of it is told for a day')
    expect(page.results('page').at(-1)).toMatchObject({ told: false })
    stage.clock.advance(24 * 3_600_000)
    await page.idle()
    expect(await said(page, 'another day')).toEqual(['Offer changed'])
  })

  it('says by hand what it sees, and tells nobody', async () => {
    show('<main>Now <b>12,50 €</b></main>')
    const page = await watch({ selector: 'main', price: '10' })
    await page.idle()
    expect(await page.run()).toMatchObject({
      summary: 'Sees 12,50 €. Nothing is told when started by hand.',
      told: false,
    })
    expect(page.notices()).toEqual([])
  })
})
