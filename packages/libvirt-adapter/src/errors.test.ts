// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { DisposedError, ErrorDomain, ErrorNumber, LibvirtError } from '@vgpu/libvirt';
import { describe, expect, it } from 'vitest';
import { codeOfError, toChangeError, toDeviceError, toMdevChangeError, toMdevDefinitionError } from './errors.js';

function libvirtError(
  code: number,
  domain: number,
  message = 'No available instances of i915-GVTg_V5_4',
  int1 = 0,
): LibvirtError {
  return new LibvirtError({
    code,
    domain,
    level: 2,
    message,
    str1: null,
    str2: null,
    str3: null,
    int1,
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

/** As libvirt reports a start that mdevctl 1.2 or later failed to make. */
function said(reason: string, from: number = ErrorDomain.NODEDEV, code: number = ErrorNumber.INTERNAL_ERROR) {
  const failed = 'Unable to create mediated device: Error: Failed to create mdev x, type y on z';
  return libvirtError(code, from, `internal error: ${failed}\n\nCaused by:\n    ${reason}\n`);
}

describe('toMdevChangeError', () => {
  it.each([
    ['DeviceBusy', said('Device or resource busy (os error 16)')],
    ['NoAvailableInstances', said('No space left on device (os error 28)')],
    ['NoAvailableInstances', said('Kein Platz (os error 28)')],
    ['Internal', said('Input/output error (os error 5)')],
    ['Internal', said('Invalid (os error 160)')],
    ['Internal', said('os error 16')],
    // Only the last word is mdevctl's reason; what stands before it may be anybody's name.
    ['Internal', said('type (os error 28) is not known')],
    ['Internal', said('(os error 28)', ErrorDomain.QEMU)],
    ['InvalidState', said('(os error 28)', ErrorDomain.NODEDEV, ErrorNumber.OPERATION_INVALID)],
    ['TimedOut', said('(os error 28)', ErrorDomain.RPC)],
  ] as const)('%s for %s', (code, cause) => {
    const error = toMdevChangeError(cause, 'vGPU x could not be started', { uuid: 'x' });
    expect(error).toMatchObject({ code, cause, details: { uuid: 'x' } });
    expect(error.message).toMatch(/^vGPU x could not be started: /);
    expect(error.message).not.toContain('os error');
  });

  it('no other change takes the number for a reason: a full disk has the same', () => {
    expect(toChangeError(said('(os error 28)'), 'x').code).toBe('Internal');
  });
});

const withErrno = (number: number, domain: number, errno: number) => libvirtError(number, domain, 'x', errno);

describe.each([toMdevChangeError, toMdevDefinitionError])('%o', (toError) => {
  it('names mdevctl where libvirt does not find it', () => {
    const missing = withErrno(ErrorNumber.SYSTEM_ERROR, ErrorDomain.NONE, 2);
    const error = toError(missing, 'vGPU x could not be defined', { uuid: 'x' });
    expect(error).toMatchObject({ code: 'NotSupported', details: { uuid: 'x' }, cause: missing });
    expect(error.message).toBe('vGPU x could not be defined: libvirt does not find mdevctl on the host');
  });

  it.each([
    ['Internal', ErrorNumber.SYSTEM_ERROR, ErrorDomain.NONE, 13],
    ['Internal', ErrorNumber.INTERNAL_ERROR, ErrorDomain.NODEDEV, 2],
    ['TimedOut', ErrorNumber.SYSTEM_ERROR, ErrorDomain.RPC, 2],
  ])('takes no other failure for that: %s', (code, number, domain, errno) => {
    expect(toError(withErrno(number, domain, errno), 'x').code).toBe(code);
  });
});
