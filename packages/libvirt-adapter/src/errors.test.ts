// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { DisposedError, ErrorDomain, ErrorNumber, LibvirtError } from '@vgpu/libvirt';
import { describe, expect, it } from 'vitest';
import { codeOfError, toChangeError, toDeviceError } from './errors.js';

function libvirtError(code: number, domain: number): LibvirtError {
  return new LibvirtError({
    code,
    domain,
    level: 2,
    message: 'No available instances of i915-GVTg_V5_4',
    str1: null,
    str2: null,
    str3: null,
    int1: 0,
    int2: 0,
  });
}

describe('codeOfError', () => {
  it.each([
    ['Internal', ErrorNumber.INTERNAL_ERROR, ErrorDomain.NODEDEV],
    ['Unavailable', ErrorNumber.INTERNAL_ERROR, ErrorDomain.RPC],
    ['Unavailable', ErrorNumber.SYSTEM_ERROR, ErrorDomain.RPC],
    ['Internal', ErrorNumber.SYSTEM_ERROR, ErrorDomain.NODEDEV],
    ['NotFound', ErrorNumber.NO_NODE_DEVICE, ErrorDomain.NODEDEV],
    ['NotFound', ErrorNumber.NO_DOMAIN, ErrorDomain.QEMU],
    ['InvalidState', ErrorNumber.OPERATION_INVALID, ErrorDomain.QEMU],
    ['NotSupported', ErrorNumber.CONFIG_UNSUPPORTED, ErrorDomain.QEMU],
    ['NotAuthorized', ErrorNumber.ACCESS_DENIED, ErrorDomain.ACCESS],
    ['Internal', 999_999, ErrorDomain.QEMU],
  ])('%s for %i from %i', (code, number, domain) => {
    expect(codeOfError(libvirtError(number, domain))).toBe(code);
  });

  it('knows a closed connection, and nothing else', () => {
    expect(codeOfError(new DisposedError('closed'))).toBe('Unavailable');
    expect(codeOfError(new TypeError('x'))).toBe('Internal');
  });
});

it('tells no text of libvirt’s, but keeps it as the cause', () => {
  const cause = libvirtError(ErrorNumber.INTERNAL_ERROR, ErrorDomain.NODEDEV);
  const error = toDeviceError(cause, 'vGPU x could not be started', { uuid: 'x' });
  expect(error.message).toBe('vGPU x could not be started: the host refused and gave no reason that can be told');
  expect(error).toMatchObject({ code: 'Internal', cause, details: { uuid: 'x' } });
});

it('leaves a DeviceError as it is', () => {
  const error = new DeviceError('NotFound', 'x');
  expect(toDeviceError(error, 'y')).toBe(error);
});

it('says that the outcome of a change is unknown when the connection is lost', () => {
  const lost = libvirtError(ErrorNumber.SYSTEM_ERROR, ErrorDomain.RPC);
  expect(toChangeError(lost, 'x').code).toBe('TimedOut');
  expect(toDeviceError(lost, 'x').code).toBe('Unavailable');
});
