# Copyright The impact-tracker authors. SPDX-License-Identifier: Apache-2.0
"""impact-tracker for Spack.

In a checkout: `spack repo add packaging/spack`, then `spack dev-build py-impact-tracker@0.1.0`.
"""

from spack.package import *

try:  # from Spack 1.0 on the build systems are a repository of their own
    from spack_repo.builtin.build_systems.python import PythonPackage
except ImportError:
    pass


class PyImpactTracker(PythonPackage):
    """Measures what training and running models costs in energy and in impact on the world."""

    homepage = "https://pypi.org/project/impact-tracker/"
    pypi = "impact-tracker/impact_tracker-0.1.0.tar.gz"

    license("Apache-2.0")

    # No checksum as long as no sdist is published: Spack builds the checkout (dev-build), or a file with --no-checksum.
    version("0.1.0")

    variant("report", default=True, description="Tables, figures and groups of runs compared")
    variant("worker", default=False, description="The program that runs networks, for impact-tracker bench")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")
    depends_on("py-scikit-build-core@0.9:", type="build")
    depends_on("py-pybind11@2.10:", type="build")
    depends_on("fmt@8:")
    depends_on("nlohmann-json@3.10:", type="build")

    depends_on("python@3.9:", type=("build", "run"))
    with when("+report"):
        depends_on("py-rich@13:", type="run")
        depends_on("py-matplotlib@3.6:", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-scipy@1.11:", type="run")
    with when("+worker"):
        depends_on("py-torch@2.7:", type=("build", "link", "run"))
        depends_on("zlib-api")

    conflicts("%gcc@:10", msg="the core is written in C++20")
    requires("platform=linux", msg="the readers of the energy counters are Linux's")

    import_modules = ["impact_tracker"]

    def config_settings(self, spec, prefix):
        """The worker is built where it is asked for, and never because a libtorch happens to be there."""
        settings = {"cmake.define.IMPACT_BUILD_WORKER": "ON" if spec.satisfies("+worker") else "OFF"}
        if spec.satisfies("+worker"):
            settings["cmake.define.IMPACT_TORCH_ROOT"] = join_path(
                spec["py-torch"].prefix, spec["python"].package.platlib, "torch"
            )
        return settings
