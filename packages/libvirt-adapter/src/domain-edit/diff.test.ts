// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { fixture } from '../testing.js';
import { editDomain } from './apply-edits.js';
import { formatDomainDiff, redactSecrets } from './diff.js';

const desktop = fixture('libvirt-9.0.0/domain-desktop.xml');

it('shows what changes and no password, although one stands beside the change', () => {
  const diff = formatDomainDiff('phyllome-desktop', desktop, editDomain(desktop, [{ kind: 'set-video-none' }]));
  expect(diff).toBe(`--- phyllome-desktop.xml\tstored
+++ phyllome-desktop.xml\tedited
@@ -38,11 +38,8 @@
       <gl enable='yes'/>
     </graphics>
     <video>
-      <model type='virtio' heads='1' primary='yes'/>
+      <model type='none'/>
     </video>
-    <video>
-      <model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1'/>
-    </video>
     <hostdev mode='subsystem' type='pci' managed='yes'>
       <source>
         <address domain='0x0000' bus='0x3e' slot='0x1f' function='0x7'/>
`);
  const everything = formatDomainDiff('x', '', desktop);
  expect(everything).not.toContain('secret');
  expect(everything).toContain("passwd='***'");
});

it('is empty when nothing changes', () => {
  expect(formatDomainDiff('x', desktop, desktop)).toBe('');
});

it('redacts cookies of network disks and passwords in either quotes', () => {
  expect(redactSecrets(`<cookie name='a'>hunter2</cookie><graphics passwd="hunter2'>" x='1'/>`)).toBe(
    `<cookie name='a'>***</cookie><graphics passwd='***' x='1'/>`,
  );
});
