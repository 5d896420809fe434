import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { Connectivity } from './connectivity.ts'

function entry(address: string, internal = false): NetworkInterfaceInfo {
  const family = { family: 'IPv4', netmask: '255.255.255.0', cidr: null } as const
  return { address, internal, mac: '00:00:00:00:00:00', ...family }
}

const NONE = { lo: [entry('127.0.0.1', true)], eth0: [entry('169.254.7.7')], eth1: [entry('fe80::1')] }
const SOME = { ...NONE, wlan0: [entry('192.168.1.2')] }

describe('connectivity', () => {
  it('R5 is lost when only this machine itself is left, and found again without any traffic', async () => {
    let interfaces: Record<string, NetworkInterfaceInfo[]> = NONE
    const back = Promise.withResolvers<boolean>()
    const told: boolean[] = []
    const onChange = (online: boolean): void => {
      told.push(online)
      if (online) back.resolve(online)
    }
    const connectivity = new Connectivity({ interfaces: () => interfaces, lookEveryMs: 5, onChange })
    expect(connectivity.online).toBe(true)
    expect([connectivity.look(), connectivity.look(), connectivity.online]).toEqual([true, true, false])
    interfaces = SOME
    await back.promise
    expect([connectivity.online, told]).toEqual([true, [false, true]])
  })

  it('says nothing while all is well, and stops looking when closed', () => {
    const told: boolean[] = []
    const connectivity = new Connectivity({ interfaces: () => SOME, onChange: online => told.push(online) })
    expect([connectivity.look(), connectivity.online, told]).toEqual([false, true, []])
    const offline = new Connectivity({ interfaces: () => NONE })
    offline.look()
    offline.close()
    expect(offline.online).toBe(true)
  })
})
