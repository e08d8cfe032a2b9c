// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI drivers for QEMU's "edu" device that make it a parent of mediated devices. The name of a type in sysfs begins with
 * the driver's name, so the drivers are called as the vendors' are.
 */
#include <linux/module.h>

#include "lab.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define MAX_TIMESLICED 8

static char *timesliced[MAX_TIMESLICED];
static int timesliced_count;
module_param_array(timesliced, charp, &timesliced_count, 0444);
MODULE_PARM_DESC(timesliced, "PCI addresses of the devices that are time-sliced GPUs; all others have GVT-g");

static bool is_timesliced(struct pci_dev *pdev)
{
	int i;

	for (i = 0; i < timesliced_count; i++) {
		if (!strcmp(timesliced[i], pci_name(pdev)))
			return true;
	}
	return false;
}

/* From here on the kernel reports the GPU that is stood in for; a device that is found anew is an edu device again. */
static void take_identity(struct pci_dev *pdev, const struct lab_family *family)
{
	pdev->vendor = family->vendor;
	pdev->device = family->device;
	pdev->revision = family->revision;
	pdev->class = PCI_CLASS_DISPLAY_VGA << 8;
}

static int probe_as(struct pci_dev *pdev, const struct lab_family *family)
{
	struct lab_gpu *gpu;
	unsigned int i;
	int error;

	gpu = kzalloc(sizeof(*gpu), GFP_KERNEL);
	if (!gpu)
		return -ENOMEM;
	error = pci_enable_device(pdev);
	if (error)
		goto free;
	gpu->family = family;
	mutex_init(&gpu->lock);
	gpu->type_count = family->offer(gpu->types);
	for (i = 0; i < gpu->type_count; i++) {
		gpu->types[i].gpu = gpu;
		gpu->type_list[i] = &gpu->types[i].mdev;
	}
	take_identity(pdev, family);
	pci_set_drvdata(pdev, gpu);
	error = mdev_register_parent(&gpu->parent, &pdev->dev, &lab_vgpu_driver, gpu->type_list, gpu->type_count);
	if (error)
		goto disable;
	return 0;

disable:
	pci_disable_device(pdev);
free:
	kfree(gpu);
	return error;
}

static void remove(struct pci_dev *pdev)
{
	struct lab_gpu *gpu = pci_get_drvdata(pdev);

	mdev_unregister_parent(&gpu->parent);
	pci_disable_device(pdev);
	kfree(gpu);
}

static int probe_gvt(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return is_timesliced(pdev) ? -ENODEV : probe_as(pdev, &lab_gvt);
}

static int probe_timesliced(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return is_timesliced(pdev) ? probe_as(pdev, &lab_timesliced) : -ENODEV;
}

static const struct pci_device_id gvt_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ PCI_DEVICE(0x8086, 0x193b) },
	{},
};
MODULE_DEVICE_TABLE(pci, gvt_ids);

static const struct pci_device_id timesliced_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ PCI_DEVICE(0x10de, 0x13bd) },
	{},
};

static struct pci_driver gvt_driver = {
	.name = "i915",
	.id_table = gvt_ids,
	.probe = probe_gvt,
	.remove = remove,
};

static struct pci_driver timesliced_driver = {
	.name = "nvidia",
	.id_table = timesliced_ids,
	.probe = probe_timesliced,
	.remove = remove,
};

static int __init lab_init(void)
{
	int error;

	error = mdev_register_driver(&lab_vgpu_driver);
	if (error)
		return error;
	error = pci_register_driver(&gvt_driver);
	if (error)
		goto no_gvt;
	error = pci_register_driver(&timesliced_driver);
	if (error)
		goto no_timesliced;
	return 0;

no_timesliced:
	pci_unregister_driver(&gvt_driver);
no_gvt:
	mdev_unregister_driver(&lab_vgpu_driver);
	return error;
}

static void __exit lab_exit(void)
{
	pci_unregister_driver(&timesliced_driver);
	pci_unregister_driver(&gvt_driver);
	mdev_unregister_driver(&lab_vgpu_driver);
}

module_init(lab_init);
module_exit(lab_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A GPU with mediated devices, for tests of vgpud");
