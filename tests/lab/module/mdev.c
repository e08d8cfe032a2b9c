// SPDX-License-Identifier: GPL-2.0-only
/* The vGPUs that there are: each takes an instance from its GPU and gives it back. */
#include <linux/module.h>

#include "vgpu.h"

/* An instance is taken before the device is there; a full GPU is "no space left", as from the real drivers. */
static int take_instance(struct lab_type *type)
{
	int error = 0;

	mutex_lock(&type->gpu->lock);
	if (type->gpu->family->available(type) == 0)
		error = -ENOSPC;
	else
		type->used++;
	mutex_unlock(&type->gpu->lock);
	return error;
}

static void give_instance(struct lab_type *type)
{
	mutex_lock(&type->gpu->lock);
	type->used--;
	mutex_unlock(&type->gpu->lock);
}

static int probe(struct mdev_device *mdev)
{
	struct lab_type *type = lab_type_of(mdev->type);
	struct vgpu *vgpu;
	int error;

	error = take_instance(type);
	if (error)
		return error;
	vgpu = vfio_alloc_device(vgpu, vdev, &mdev->dev, &lab_vgpu_ops);
	if (IS_ERR(vgpu)) {
		error = PTR_ERR(vgpu);
		goto give;
	}
	error = vfio_register_emulated_iommu_dev(&vgpu->vdev);
	if (error)
		goto put;
	dev_set_drvdata(&mdev->dev, vgpu);
	return 0;

put:
	vfio_put_device(&vgpu->vdev);
give:
	give_instance(type);
	return error;
}

/* Waits until nobody has the device open. */
static void remove(struct mdev_device *mdev)
{
	struct vgpu *vgpu = dev_get_drvdata(&mdev->dev);
	struct lab_type *type = vgpu->type;

	vfio_unregister_group_dev(&vgpu->vdev);
	vfio_put_device(&vgpu->vdev);
	give_instance(type);
}

static unsigned int get_available(struct mdev_type *mdev_type)
{
	struct lab_type *type = lab_type_of(mdev_type);
	unsigned int count;

	mutex_lock(&type->gpu->lock);
	count = type->gpu->family->available(type);
	mutex_unlock(&type->gpu->lock);
	return count;
}

static ssize_t show_description(struct mdev_type *mdev_type, char *text)
{
	struct lab_type *type = lab_type_of(mdev_type);

	return type->gpu->family->describe(type, text);
}

struct mdev_driver lab_vgpu_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = {
		.name = "vgpud_lab_vgpu",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
	.probe = probe,
	.remove = remove,
	.get_available = get_available,
	.show_description = show_description,
};
