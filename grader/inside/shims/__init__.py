"""Shims let code run that was written for other machines, and remark that they did.

`cpu` takes the place of a GPU, `colab` of Google Colab, `datasets` of downloads of data,
`untrained` of downloads of weights, `compiled` of a compiler, `plots` of a screen, and `progress`
of Jupyter's widgets. `vision` mends torchvision beside a torch without CUDA. `programs` does lines
of a shell that only handle own files, by `file_programs`, whose words `program_calls` understands.
`places` keeps all of them out of what students see.

Floors, top first:
    programs
    file_programs
    colab, compiled, cpu, datasets, places, plots, program_calls, progress, untrained, vision
"""
